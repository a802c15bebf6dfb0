"""Audit records as the fleet's audit documents, and back; what was loosened of late; and what to ask for. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, cast

from pydantic import ValidationError

from cio_strategist.adapters.mongo.values import NO_TIME, Document, read_count, read_map, read_text, read_time
from cio_strategist.domain.access.caller import CallerClass
from cio_strategist.domain.policy.audit import AuditRecord, HistoryFilter, Subject
from cio_strategist.domain.policy.loosening import Loosened
from petrosa_contracts import Scope, ScopeError, ScopeKind
from petrosa_contracts.primal.bounds import Excess

NEWEST_FIRST = [("revision", -1), ("timestamp", -1), ("_id", -1)]
"""Order of the trail. Documents of older engines have no revision and come after all that have one."""

_CONTROL_TYPE = "control"
_REFUSAL_TYPE = "refusal"
_LATCH_TYPE = "latch"
_SUBJECT_OF_TYPE = {_CONTROL_TYPE: Subject.CONTROL, _REFUSAL_TYPE: Subject.REFUSAL, _LATCH_TYPE: Subject.LATCH}
_EDIT_OF_ACTION = {"create": "set", "update": "set", "delete": "delete"}
_UNKNOWN = "unknown"


def audit_document(record: AuditRecord, *, revision: int) -> dict[str, Any]:
    """Return the document of a record: the fleet's keys, the version and revision beside them, the rest in metadata."""
    scope = _scope(record.scope)
    own_type = {subject: name for name, subject in _SUBJECT_OF_TYPE.items()}.get(record.subject)
    return {
        "_id": record.id,
        "id": None,
        "config_type": own_type or (scope.kind.value if scope else _UNKNOWN),
        "symbol": scope and scope.symbol,
        "side": None if scope is None or scope.side is None else str(scope.side),
        "strategy_id": scope and scope.strategy_id,
        "action": record.action,
        "parameters_before": record.before,
        "parameters_after": record.after,
        "version_before": record.version_before,
        "version_after": None if record.after is None else record.version,
        "changed_by": record.changed_by,
        "reason": record.reason,
        "timestamp": record.at,
        "metadata": {
            "edit": record.edit,
            "caller": record.caller,
            "caller_class": record.caller_class,
            "thought_trace": record.thought_trace,
            "loosening": dict(record.loosening),
            "restored": record.restored,
            "proposal_id": record.proposal_id,
            "request_id": record.request_id,
            **({"refused": [each.model_dump(mode="json") for each in record.refused]} if record.refused else {}),
        },
        "scope": record.scope,
        "version": record.version,
        "revision": revision,
    }


def read_audit(document: Document) -> AuditRecord:
    """Read an audit document, older engines' ones and damaged ones included. Never fails."""
    metadata = read_map(document.get("metadata")) or {}
    action = read_text(document.get("action")) or "update"
    changed_by = read_text(document.get("changed_by")) or _UNKNOWN
    version = read_count(document.get("version"))
    return AuditRecord(
        id=str(document.get("_id")),
        subject=_subject_of(document),
        scope=read_text(document.get("scope")) or _scope_key(document),
        action=action,
        edit=read_text(metadata.get("edit")) or _EDIT_OF_ACTION.get(action, action),
        before=read_map(document.get("parameters_before")),
        after=read_map(document.get("parameters_after")),
        version_before=read_count(document.get("version_before")),
        version=read_count(document.get("version_after")) if version is None else version,
        changed_by=changed_by,
        caller=read_text(metadata.get("caller")) or changed_by,
        caller_class=read_text(metadata.get("caller_class")) or _UNKNOWN,
        reason=read_text(document.get("reason")),
        thought_trace=read_text(metadata.get("thought_trace")),
        at=_time(document),
        loosening=dict(_amounts(metadata)),
        restored=read_text(metadata.get("restored")),
        proposal_id=read_text(metadata.get("proposal_id")),
        request_id=read_text(metadata.get("request_id")),
        refused=tuple(_excesses(metadata)),
        revision=read_count(document.get("revision")),
    )


def read_loosened(documents: Iterable[Document]) -> tuple[Loosened, ...]:
    """Return what these records loosened, oldest first."""
    found: list[Loosened] = []
    for document in documents:
        metadata = read_map(document.get("metadata")) or {}
        kind = metadata.get("caller_class")
        if _subject_of(document) is not Subject.CONFIG or kind not in set(CallerClass):
            continue
        at = _time(document)
        found += [Loosened(at, CallerClass(kind), name, amount) for name, amount in _amounts(metadata)]
    return tuple(sorted(found, key=lambda loosened: loosened.at))


def history_query(wanted: HistoryFilter) -> dict[str, Any]:
    """Return the query that finds the records `wanted`."""
    conditions: list[dict[str, Any]] = []
    if wanted.scope is not None:
        conditions.append(scope_query(wanted.scope))
    named = {name: getattr(wanted, name) for name in ("symbol", "side", "strategy_id", "action")}
    conditions += [{name: value} for name, value in named.items() if value is not None]
    if wanted.subject is not None:
        conditions.append(_subject_query(wanted.subject))
    if wanted.before_revision is not None:
        conditions.append({"$or": [{"revision": {"$lt": wanted.before_revision}}, {"revision": None}]})
    if wanted.since is not None:
        conditions.append(since_query(wanted.since))
    return {"$and": conditions} if conditions else {}


def version_query(scope: str, version: int) -> dict[str, Any]:
    """Return the query that finds the records which made this version of a scope."""
    made = {"$or": [{"version": version}, {"version": None, "version_after": version}]}
    return {"$and": [scope_query(scope), _subject_query(Subject.CONFIG), made]}


def since_query(moment: datetime) -> dict[str, Any]:
    """Return the query that finds records from `moment` on, however their engine wrote the time."""
    return {"$or": [{"timestamp": {"$gte": moment}}, {"timestamp": {"$gte": moment.isoformat()}}]}


def loosened_query(moment: datetime) -> dict[str, Any]:
    """Return the query that finds records from `moment` on that were charged to a budget."""
    return {"$and": [since_query(moment), {"metadata.loosening": {"$nin": [None, {}]}}]}


def scope_query(key: str) -> dict[str, Any]:
    """Return the query that finds a scope's records, those of older engines by their parts."""
    scope = _scope(key)
    if scope is None:
        return {"scope": key}
    parts: dict[str, Any] = {"scope": None, "config_type": scope.kind.value}
    if scope.symbol is not None:
        parts["symbol"] = scope.symbol
    if scope.side is not None:
        parts["side"] = str(scope.side)
    if scope.strategy_id is not None:
        parts["strategy_id"] = scope.strategy_id
    return {"$or": [{"scope": key}, parts]}


def _subject_of(document: Document) -> Subject:
    return _SUBJECT_OF_TYPE.get(read_text(document.get("config_type")) or "", Subject.CONFIG)


def _subject_query(subject: Subject) -> dict[str, Any]:
    own_type = next((name for name, owner in _SUBJECT_OF_TYPE.items() if owner is subject), None)
    return {"config_type": own_type or {"$nin": list(_SUBJECT_OF_TYPE)}}


def _scope(key: str) -> Scope | None:
    try:
        return Scope.parse(key)
    except ScopeError:
        return None


def _scope_key(document: Document) -> str:
    symbol, side, strategy_id = (document.get(name) for name in ("symbol", "side", "strategy_id"))
    match document.get("config_type"):
        case ScopeKind.SYMBOL:
            return f"{ScopeKind.SYMBOL}:{symbol}"
        case ScopeKind.SYMBOL_SIDE:
            return f"{ScopeKind.SYMBOL_SIDE}:{symbol}:{side}"
        case ScopeKind.STRATEGY:
            return f"{ScopeKind.STRATEGY}:{strategy_id}"
        case _:
            return ScopeKind.GLOBAL.value


def _time(document: Document) -> datetime:
    written = read_time(document.get("timestamp"))
    if written is None:
        # The ids that older engines let the database give hold the time.
        written = read_time(getattr(document.get("_id"), "generation_time", None))
    return written or NO_TIME


def _excesses(metadata: Document) -> Iterator[Excess]:
    listed = metadata.get("refused")
    for entry in cast("list[object]", listed) if isinstance(listed, list) else ():
        try:
            yield Excess.model_validate(entry)
        except ValidationError:
            continue  # a damaged one must not hide the record


def _amounts(metadata: Document) -> Iterator[tuple[str, float]]:
    for name, amount in (read_map(metadata.get("loosening")) or {}).items():
        if isinstance(amount, int | float) and amount > 0:
            yield name, float(amount)
