"""Records of attempts that a primal limit stood in the way of: nothing changed, and the trail tells of it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.audit import AuditRecord, Subject
from cio_strategist.domain.policy.config_change import Order
from cio_strategist.domain.policy.edit import Restore
from cio_strategist.domain.policy.layer_change import field_of
from cio_strategist.domain.policy.primal_view import plain_limit
from cio_strategist.domain.policy.stored import StoredPolicy, last_version, own_parameters
from petrosa_contracts.parameters.quoting import quote
from petrosa_contracts.primal import PRIMAL_SCOPE, PrimalLimits
from petrosa_contracts.primal.bounds import Excess


def refusal_of_change(stored: StoredPolicy, *, order: Order, beyond: Sequence[Excess]) -> AuditRecord:
    """Return the record of an edit that would have set values beyond the limits; before and after are the same."""
    scope = field_of(stored.layers, order.scope)
    present = own_parameters(stored.layers.get(scope))
    version = None if present is None else last_version(stored, scope)
    return _record(
        order.request,
        order.now,
        order.new_id,
        scope=scope,
        edit=order.edit.kind,
        before=present,
        after=present,
        version_before=version,
        version=version,
        restored=order.edit.target if isinstance(order.edit, Restore) else None,
        proposal_id=None if order.approves is None else order.approves.id,
        refused=tuple(beyond),
    )


def refusal_of_attempt(beyond: Sequence[Excess], request: ChangeRequest, *, now: datetime, new_id: str) -> AuditRecord:
    """Return the record of an attempt to change the primal limits themselves."""
    return _record(
        request,
        now,
        new_id,
        scope=PRIMAL_SCOPE,
        edit="primal",
        before=None,
        after=None,
        version_before=None,
        version=None,
        refused=tuple(beyond),
    )


def touched(asked: Mapping[str, Any], limits: PrimalLimits | None) -> tuple[Excess, ...]:
    """Return which primal limits somebody tried to change; `asked` is what was sent, whatever that is."""
    return tuple(_touched(name, asked[name], limits) for name in PrimalLimits.model_fields if name in asked)


def _touched(name: str, asked: object, limits: PrimalLimits | None) -> Excess:
    return Excess(
        name=name,
        asked=quote(asked),
        limit=name,
        allowed=None if limits is None else plain_limit(limits, name),
        revision=None if limits is None else limits.revision,
        message=f"{name} is a primal limit, which no running process can change",
    )


def _record(request: ChangeRequest, now: datetime, new_id: str, **what: Any) -> AuditRecord:
    return AuditRecord(
        id=new_id,
        subject=Subject.REFUSAL,
        action="refuse",
        changed_by=request.author,
        caller=request.caller.name,
        caller_class=request.caller.kind,
        reason=_storable(request.reason),
        thought_trace=_storable(request.thought_trace),
        at=now,
        request_id=request.request_id,
        **what,
    )


def _storable(text: str | None) -> str | None:
    # Text that no store can hold must not keep an attempt out of the trail.
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()
