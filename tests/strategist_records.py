"""Values that tests of the strategist's stores write: layers, control entries, records, proposals and tokens."""

from datetime import datetime
from typing import Any

from cio_strategist.domain.access.caller import CallerClass, Permission
from cio_strategist.domain.access.token import StoredToken, digest_of
from cio_strategist.domain.policy.audit import AuditRecord
from cio_strategist.domain.policy.edit import PatchParameters
from cio_strategist.domain.policy.proposal import Proposal
from cio_strategist.domain.policy.stored import Answer, Write, to_json
from petrosa_contracts import ControlEntry, Mode, PolicyLayer
from tests.strategist_fakes import NOON

GLOBAL = "global"
BTC = "symbol:BTCUSDT"
BTC_LONG = "symbol_side:BTCUSDT:LONG"
STRATEGY = "strategy:momentum v1:ä"


def layer_text(scope: str = GLOBAL, version: int = 1, at: datetime = NOON, **parameters: Any) -> str:
    return to_json(PolicyLayer(scope=scope, version=version, parameters=parameters, updated_at=at, updated_by="anna"))


def layer_write(scope: str = GLOBAL, version: int = 1, **parameters: Any) -> Write:
    """A write that sets a scope's parameters."""
    return Write(
        scope=scope,
        layers={scope: layer_text(scope, version, **parameters)},
        versions={scope: version},
        audit=record(f"audit-{scope}-{version}", scope=scope, version=version, after=parameters),
    )


def entry(mode: Mode = Mode.HALTED, *, at: datetime | None = NOON, until: datetime | None = None) -> ControlEntry:
    return ControlEntry(mode=mode, reason="flash crash", set_by="anna", set_at=at, expires_at=until)


def control_write(scope: str, entry: ControlEntry | None) -> Write:
    """A write that sets or lifts a mode."""
    return Write(scope=scope, control={scope: None if entry is None else to_json(entry)})


def record(audit_id: str = "audit-1", **fields: Any) -> AuditRecord:
    """A record of a change of the global scope from nothing to `leverage` 5, except for `fields`."""
    content: dict[str, Any] = {
        "id": audit_id,
        "scope": GLOBAL,
        "action": "create",
        "edit": "patch",
        "before": None,
        "after": {"leverage": 5},
        "version_before": None,
        "version": 1,
        "changed_by": "anna",
        "caller": "anna",
        "caller_class": CallerClass.OPERATOR.value,
        "reason": "quieter markets",
        "at": NOON,
        **fields,
    }
    return AuditRecord(**content)


def proposal(proposal_id: str = "proposal-1", **fields: Any) -> Proposal:
    """A pending proposal to double the leverage, except for `fields`."""
    content: dict[str, Any] = {
        "id": proposal_id,
        "scope": GLOBAL,
        "edit": PatchParameters(parameters={"leverage": 10}),
        "base_version": 1,
        "loosening": {"leverage": 1.0},
        "why_pending": "over budget",
        "proposed_by": "strategist",
        "proposer_class": CallerClass.AGENT,
        "signed_by": "strategist",
        "reason": "trend",
        "proposed_at": NOON,
        **fields,
    }
    return Proposal(**content)


def answer(key: str = "anna:1", *, at: datetime = NOON) -> Answer:
    return Answer(key=key, fingerprint="f" * 64, outcome='{"status":"applied"}', at=at)


def token(token_id: str = "0" * 16, **fields: Any) -> StoredToken:
    """A token of anna's that never ends, except for `fields`."""
    content: dict[str, Any] = {
        "id": token_id,
        "name": "anna",
        "kind": CallerClass.OPERATOR,
        "permissions": (Permission.READ, Permission.WRITE),
        "digest": digest_of("secret"),
        "created_at": NOON,
        **fields,
    }
    return StoredToken(**content)
