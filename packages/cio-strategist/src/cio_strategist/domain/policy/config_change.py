"""Decisions about parameters: apply now, wait for approval, or nothing to do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from cio_strategist.domain.access.caller import CallerClass
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.audit import AuditRecord
from cio_strategist.domain.policy.edit import Edit, Restore
from cio_strategist.domain.policy.impact import changes_of, direction_of, effects_of, loosening_of, reach
from cio_strategist.domain.policy.layer_change import LayerChange, edit_layer
from cio_strategist.domain.policy.loosening import Budgets, budget_uses, exceeded, same_value
from cio_strategist.domain.policy.outcome import (
    BudgetUse,
    Direction,
    Effect,
    Outcome,
    OutcomeStatus,
    ParameterChange,
    Preview,
)
from cio_strategist.domain.policy.proposal import Proposal, ProposalStatus
from cio_strategist.domain.policy.stored import Decided, Fields, StoredPolicy, Write, layers_in_force, own_parameters
from cio_strategist.errors import PrimalLimitError, RefusedError
from petrosa_contracts import PolicyLayer, Scope, ScopeError, resolve
from petrosa_contracts.primal import PrimalLimits
from petrosa_contracts.primal.bounds import excesses

MOST_PENDING = 200
"""Proposals that may wait at once: every decision reads them all, and nobody decides more than that well."""


_DOES = {
    Direction.TIGHTENS: "tightens risk limits",
    Direction.LOOSENS: "loosens risk limits",
    Direction.MIXED: "tightens some risk limits and loosens others",
    Direction.NEUTRAL: "leaves risk limits as they are",
}


@dataclass(frozen=True, slots=True)
class Order:
    """An edit with everything a decision about it depends on."""

    edit: Edit
    scope: str
    """Scope key, or for a deletion the name of a stored field that is none."""
    request: ChangeRequest
    now: datetime
    new_id: str
    """Id for the record or the proposal that this leads to."""
    budgets: Budgets | None = None
    """How much may be loosened without approval; None: any amount."""
    approves: Proposal | None = None
    """The proposal that this carries out; it was paid for by the approval."""
    primal: PrimalLimits | None = None
    """The hard ceilings, which no budget and no approval lifts; None: there are none."""

    @property
    def is_free(self) -> bool:
        """Whether loosening needs no budget: a person brings back what was in force before, or has approved it."""
        by_operator = self.request.caller.kind is CallerClass.OPERATOR
        return self.budgets is None or self.approves is not None or (by_operator and isinstance(self.edit, Restore))


@dataclass(frozen=True, slots=True)
class Weighed:
    """What an edit would do, before anything is decided about it."""

    layer: LayerChange
    layers: Mapping[str, PolicyLayer]
    """What every scope says before it."""
    version: int
    """Version that the scope is at."""
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None
    changes: tuple[ParameterChange, ...]
    effects: tuple[Effect, ...]
    direction: Direction
    loosening: Mapping[str, float]
    budgets: tuple[BudgetUse, ...]


def weigh(stored: StoredPolicy, order: Order) -> Weighed:
    """Work out what `order` would do to the scope and to every order it reaches.

    Raises what `edit_layer` raises, and `PrimalLimitError` for values beyond a primal limit.
    """
    layer = edit_layer(
        stored,
        order.edit,
        scope=order.scope,
        by=order.request.author,
        now=order.now,
        expect_version=order.request.expect_version,
    )
    written: Fields = {} if layer.write is None else layer.write.layers
    layers = layers_in_force(stored.layers)
    layers_after = {name: known for name, known in layers.items() if name not in written}
    layers_after |= layers_in_force({name: text for name, text in written.items() if text is not None})
    effects = _effects(layers, layers_after, layer.scope)
    loosening = loosening_of(effects)
    uses: tuple[BudgetUse, ...] = ()
    if order.budgets is not None:
        uses = budget_uses(stored.loosened, order.request.caller.kind, loosening, order.now, order.budgets)
    before, after = (
        own_parameters(stored.layers.get(layer.scope)),
        own_parameters({**stored.layers, **written}.get(layer.scope)),
    )
    if order.primal is not None and after is not None:
        _check_primal(after, order.primal, layers, layer.scope)
    return Weighed(
        layer=layer,
        layers=layers,
        version=layer.version_before,
        before=before,
        after=after,
        changes=changes_of(before, after),
        effects=effects,
        direction=direction_of(effects),
        loosening=loosening,
        budgets=uses,
    )


def decide(stored: StoredPolicy, order: Order) -> Decided[Outcome]:
    """Decide about an edit: carry it out, file a proposal, or do nothing.

    Raises what `weigh` raises, and `RefusedError` for a proposal beyond `MOST_PENDING`.
    """
    weighed = weigh(stored, order)
    if weighed.layer.write is None:
        return Decided(None, _outcome(weighed, OutcomeStatus.UNCHANGED, f"{weighed.layer.scope} says so already"))
    over = () if order.is_free else exceeded(weighed.budgets)
    if over:
        return _proposed(stored, order, weighed, over)
    return _applied(stored, order, weighed)


def preview(stored: StoredPolicy, order: Order) -> Preview:
    """Say what `order` would do and what would become of it, writing nothing. Raises what `weigh` raises."""
    weighed = weigh(stored, order)
    reached = reach(weighed.layers, Scope.parse(weighed.layer.scope))
    over = () if order.is_free else exceeded(weighed.budgets)
    would = "change_nothing" if weighed.layer.write is None else "need_approval" if over else "apply"
    return Preview(
        scope=weighed.layer.scope,
        edit=order.edit.kind,
        version=weighed.version,
        changes=weighed.changes,
        effects=weighed.effects,
        symbols=reached.symbols,
        strategies=reached.strategies,
        reaches_all_symbols=reached.all_symbols,
        reaches_all_strategies=reached.all_strategies,
        direction=weighed.direction,
        budgets=weighed.budgets,
        would=would,
        message=_preview_message(weighed, would, over),
    )


def _check_primal(
    after: Mapping[str, object], limits: PrimalLimits, layers: Mapping[str, PolicyLayer], key: str
) -> None:
    """Raise `PrimalLimitError` for values of `after` that are beyond `limits`.

    A value that only repeats what orders of the scope meet already is let be: it loosens nothing, the gate holds it
    down, and without that a whole set could not be posted back with one value of it tightened.
    """
    scope = Scope.parse(key)
    now = resolve(layers, symbol=scope.symbol, strategy_id=scope.strategy_id, side=scope.side).values
    news = {name: value for name, value in after.items() if name not in now or not same_value(value, now[name])}
    if beyond := excesses(news, limits):
        raise PrimalLimitError(beyond)


def _effects(before: Mapping[str, PolicyLayer], after: Mapping[str, PolicyLayer], scope: str) -> tuple[Effect, ...]:
    try:
        return effects_of(before, after, Scope.parse(scope))
    except ScopeError:
        return ()  # a field that is no scope's name reaches no order


def _applied(stored: StoredPolicy, order: Order, weighed: Weighed) -> Decided[Outcome]:
    layer, request = weighed.layer, order.request
    action = "delete" if weighed.after is None else "create" if weighed.before is None else "update"
    restored = order.edit.target if isinstance(order.edit, Restore) else None
    record = AuditRecord(
        id=order.new_id,
        scope=layer.scope,
        action=action,
        edit=order.edit.kind,
        before=None if weighed.before is None else dict(weighed.before),
        after=None if weighed.after is None else dict(weighed.after),
        version_before=None if weighed.before is None else weighed.version,
        version=layer.version,
        changed_by=request.author,
        caller=request.caller.name,
        caller_class=request.caller.kind,
        reason=request.reason or (None if restored is None else f"rollback to {restored}"),
        thought_trace=request.thought_trace,
        at=order.now,
        loosening={} if order.is_free else dict(weighed.loosening),
        restored=restored,
        proposal_id=None if order.approves is None else order.approves.id,
        request_id=request.request_id,
    )
    message = f"{layer.scope} is at version {layer.version} now: {_count(weighed)}, {_DOES[weighed.direction]}"
    outcome = _outcome(weighed, OutcomeStatus.APPLIED, message, audit_id=record.id)
    overtaken = _overtaken(stored, order, layer.scope)
    return Decided(replace(layer.write or Write(scope=layer.scope), audit=record, proposals=overtaken), outcome)


def _overtaken(stored: StoredPolicy, order: Order, scope: str) -> tuple[Proposal, ...]:
    """Return the proposals that waited for a version that is over with `order`, as stale."""
    stale = {"status": ProposalStatus.STALE, "decided_at": order.now}
    waiting = (proposal for proposal in stored.pending.values() if proposal.scope == scope)
    return tuple(proposal.model_copy(update=stale) for proposal in waiting if proposal != order.approves)


def _proposed(stored: StoredPolicy, order: Order, weighed: Weighed, over: tuple[BudgetUse, ...]) -> Decided[Outcome]:
    request = order.request
    why = "; ".join(_over_budget(use, request.caller.kind) for use in over)
    proposal = Proposal(
        id=order.new_id,
        scope=weighed.layer.scope,
        edit=order.edit,
        base_version=weighed.version,
        loosening=dict(weighed.loosening),
        why_pending=why,
        proposed_by=request.caller.name,
        proposer_class=request.caller.kind,
        signed_by=request.author,
        reason=request.reason,
        thought_trace=request.thought_trace,
        request_id=request.request_id,
        proposed_at=order.now,
    )
    if (waiting := next((known for known in stored.pending.values() if _asks_for(known, proposal)), None)) is not None:
        return Decided(None, _pending_outcome(weighed, why, waiting))
    if len(stored.pending) >= MOST_PENDING:
        raise RefusedError(
            f"{len(stored.pending)} proposals wait for an operator already, which is as many as may; "
            "nothing was written: have some of them decided first, or stay within the budget"
        )
    return Decided(Write(scope=None, proposals=(proposal,)), _pending_outcome(weighed, why, proposal))


def _asks_for(waiting: Proposal, proposal: Proposal) -> bool:
    """Whether `waiting` is the same edit of the same author, who then only asks again."""
    same = ("scope", "edit", "base_version", "proposed_by", "proposer_class", "signed_by")
    return all(getattr(waiting, name) == getattr(proposal, name) for name in same)


def _pending_outcome(weighed: Weighed, why: str, proposal: Proposal) -> Outcome:
    return Outcome(
        status=OutcomeStatus.PENDING,
        scope=weighed.layer.scope,
        version=weighed.version,
        parameters=None if weighed.before is None else dict(weighed.before),
        changes=weighed.changes,
        direction=weighed.direction,
        proposal_id=proposal.id,
        message=f"nothing has changed yet: {why}; proposal {proposal.id} waits for an operator",
    )


def _outcome(weighed: Weighed, status: OutcomeStatus, message: str, *, audit_id: str | None = None) -> Outcome:
    return Outcome(
        status=status,
        scope=weighed.layer.scope,
        version=weighed.layer.version,
        parameters=None if weighed.after is None else dict(weighed.after),
        changes=weighed.changes,
        direction=weighed.direction,
        problem=weighed.layer.problem,
        audit_id=audit_id,
        message=message,
    )


def _over_budget(use: BudgetUse, kind: CallerClass) -> str:
    return (
        f"{use.parameter} would be loosened by {use.asked:.0%}, and {use.used:.0%} was used within the last hour: "
        f"an {kind} may loosen it by {use.allowed:.0%} an hour"
    )


def _preview_message(weighed: Weighed, would: str, over: tuple[BudgetUse, ...]) -> str:
    if would == "change_nothing":
        return f"{weighed.layer.scope} says so already: nothing would be written"
    what = f"{_count(weighed)} on {weighed.layer.scope}, which {_DOES[weighed.direction]}"
    if would == "apply":
        return f"would apply at once: {what}"
    return f"would wait for an operator: {what}; over budget: {', '.join(use.parameter for use in over)}"


def _count(weighed: Weighed) -> str:
    count = len(weighed.changes)
    return f"{count} parameter{'' if count == 1 else 's'} changed"
