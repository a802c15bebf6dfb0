"""Explanation of a verdict: which limit, set by whom, when and why, and what would have passed. Pure."""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_UP, Decimal
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from cio_decision.breaches import amount
from cio_decision.replay import decide_again
from cio_strategist.domain.decisions.governing import GOVERNED_BY
from cio_strategist.domain.decisions.whatif import PolicyPatch
from cio_strategist.domain.policy.audit import AuditRecord
from petrosa_contracts import CATALOGUE, Breach, Code, Scope
from petrosa_contracts.parameters import validate_patch
from petrosa_contracts.parameters.definition import ParameterType, Unit
from petrosa_contracts.record import DecisionRecord
from petrosa_contracts.resolution import DEFAULTS_SCOPE

Origin = tuple[str, int]
"""Scope and version of a layer of policy."""

_LEAST: Final = {Code.CONFIDENCE_LOW, Code.ORDER_NOTIONAL_MIN, Code.FILTER_MIN_NOTIONAL, Code.FILTER_PERCENT_PRICE}
"""Codes whose limit is the least that passes where less was measured; that of all others is the most."""

_ONE_MORE: Final = {Code.DAILY_TRADES, Code.RATE_LIMIT, Code.OVERLOADED}
"""Codes that veto when the limit is reached, so that one more than was measured is needed."""

_ON_A_GRID: Final = {Code.STOP_INVALID, Code.FILTER_TICK, Code.FILTER_LOT}
"""Codes whose limit may be a step, a least, or a most: their message says which."""

_CONTROL: Final = {Code.HALT_ACTIVE, Code.FROZEN}
"""Codes that a control entry decides."""

_BARE: Final = {Unit.FRACTION, Unit.COUNT}
"""Units that say nothing beside a number."""

_CENT: Final = Decimal("0.01")

_IN_WORDS: Final[Mapping[Code, str]] = MappingProxyType(
    {
        Code.HALT_ACTIVE: "A `close`, and what only reduces a position.",
        Code.FROZEN: "Nothing, until it is lifted.",
        Code.STRATEGY_DISABLED: "A `close`, and what only reduces a position.",
        Code.SIDE_DISABLED: "A `close`, and what only reduces a position.",
        Code.INTENT_DUPLICATE: "The same order with a new id.",
        Code.SYMBOL_UNKNOWN: "A symbol that the exchange lists.",
        Code.SYMBOL_NOT_TRADING: "The same once the exchange trades it again, and a `close`.",
        Code.REGIME_ENTRY: "The same once the market has calmed, and a `close`.",
        Code.REGIME_INCREASE: "The same once the market has calmed, and a `close`.",
        Code.AUDIT_UNAVAILABLE: "The same once records are kept again, and a `close`.",
    }
)
"""What passes where no number says it."""


class LimitOrigin(BaseModel):
    """Who set a limit."""

    model_config = ConfigDict(frozen=True)

    scope: str = Field(description="Scope key of the layer; `defaults` where nobody has set it.")
    version: int | None = Field(description="Version of the layer; 0 for the defaults, null for a mode.")
    parameter: str = Field(description="Parameter that is the limit, or that it is derived from; `mode` for a mode.")
    value: Any = Field(
        description="What the layer sets the parameter to, of which a regime may leave only a part as limit; null for "
        "a mode, and where it is not known."
    )
    set_by: str | None = Field(description="Who changed the layer last; null for the defaults.")
    set_at: datetime | None = Field(description="When, UTC.")
    reason: str | None = Field(description="Why, in their words; null: not known.")
    audit_id: str | None = Field(description="Audit record of that change; null: there is none.")


class ExplainedBreach(BaseModel):
    """One limit that was not kept."""

    model_config = ConfigDict(frozen=True)

    breach: Breach = Field(description="As it was answered.")
    vetoes: bool = Field(description="Whether it counts against the intent; false where it is only noted.")
    origin: LimitOrigin | None = Field(description="Who set the limit; null: no policy did.")
    would_have_passed: str = Field(description="What this gate would have let pass.")


class PolicyThatPasses(BaseModel):
    """A change of policy under which the decision would have been an approval; it was tried."""

    model_config = ConfigDict(frozen=True)

    scope: str = Field(description="Scope to change.")
    parameters: dict[str, Any] = Field(description="What to set there.")


class Explanation(BaseModel):
    """A verdict explained."""

    model_config = ConfigDict(frozen=True)

    decision_id: str
    summary: str = Field(description="All of it in a sentence or two.")
    breaches: tuple[ExplainedBreach, ...] = Field(description="Every limit not kept, in the order of the gates.")
    policy_that_passes: PolicyThatPasses | None = Field(
        description="The smallest change of the layers concerned that would have let it pass; null where it was "
        "approved, or where policy alone would not have sufficed."
    )


def origins_of(record: DecisionRecord) -> tuple[Origin, ...]:
    """Return the layers of policy whose limits were not kept, to look up who made them."""
    found = {(each.scope, each.version) for each in record.verdict.breaches if each.code in GOVERNED_BY}
    return tuple(sorted((scope, version) for scope, version in found if scope and version))


def explain(record: DecisionRecord, history: Mapping[Origin, AuditRecord]) -> Explanation:
    """Explain a recorded decision. `history` holds the changes that made the layers of `origins_of`, where known."""
    verdict = record.verdict
    vetoing = () if verdict.approved else verdict.breaches
    explained = tuple(
        ExplainedBreach(
            breach=each,
            vetoes=each in vetoing,
            origin=_origin(each, record, history),
            would_have_passed=_what_passes(each),
        )
        for each in verdict.breaches
    )
    passes = None if verdict.approved else _policy_that_passes(record)
    return Explanation(
        decision_id=verdict.decision_id,
        summary=_summary(record, explained, passes),
        breaches=explained,
        policy_that_passes=passes,
    )


def _origin(breach: Breach, record: DecisionRecord, history: Mapping[Origin, AuditRecord]) -> LimitOrigin | None:
    if breach.code in _CONTROL:
        return _origin_of_mode(breach, record)
    if breach.code not in GOVERNED_BY or breach.scope is None or breach.version is None:
        return None
    parameter = _parameter_in(breach, record)
    if breach.scope == DEFAULTS_SCOPE:
        return LimitOrigin(
            scope=breach.scope,
            version=0,
            parameter=parameter,
            value=CATALOGUE[parameter].plain_default(),
            set_by=None,
            set_at=None,
            reason=None,
            audit_id=None,
        )
    layer = None if record.inputs is None else record.inputs.layers.get(breach.scope)
    change = history.get((breach.scope, breach.version))
    return LimitOrigin(
        scope=breach.scope,
        version=breach.version,
        parameter=parameter,
        value=layer.parameters.get(parameter) if layer else None,
        set_by=change.changed_by if change else layer.updated_by if layer else None,
        set_at=change.at if change else layer.updated_at if layer else None,
        reason=change.reason if change else None,
        audit_id=change.id if change else None,
    )


def _origin_of_mode(breach: Breach, record: DecisionRecord) -> LimitOrigin | None:
    control = None if record.inputs is None else record.inputs.control
    if control is None or control.scope != breach.scope:
        return None
    entry = control.entry
    return LimitOrigin(
        scope=control.scope,
        version=None,
        parameter="mode",
        value=None,
        set_by=entry.set_by,
        set_at=entry.set_at,
        reason=entry.reason or None,
        audit_id=None,
    )


def _parameter_in(breach: Breach, record: DecisionRecord) -> str:
    """Return which of the parameters behind a code the layer sets that the breach names; the first where none is."""
    candidates = GOVERNED_BY[breach.code]
    layer = None if record.inputs is None else record.inputs.layers.get(breach.scope or "")
    if breach.code is Code.SIDE_DISABLED:
        return candidates[record.verdict.action == "sell"]
    return next((name for name in candidates if layer and name in layer.parameters), candidates[0])


def _what_passes(breach: Breach) -> str:
    if breach.code in _IN_WORDS:
        return _IN_WORDS[breach.code]
    limit, measured = breach.limit, breach.measured
    if breach.code in _ON_A_GRID or isinstance(limit, bool) or not isinstance(limit, int | float):
        return breach.message
    told = f"{amount(limit)} {'' if breach.unit in _BARE else breach.unit}".rstrip()
    if breach.code in _ONE_MORE:
        return f"Fewer than {told}."
    within = isinstance(measured, int | float) and measured <= limit
    if within and breach.code not in _LEAST:
        return breach.message  # the limit is not the most that passes: only its own words say what is
    return f"{'At least' if within else 'At most'} {told}."


def _policy_that_passes(record: DecisionRecord) -> PolicyThatPasses | None:
    """Return the values that were measured, as limits of one scope, if that really would have let the intent pass."""
    wanted: dict[str, dict[str, Any]] = {}
    for breach in record.verdict.breaches:
        value = _sufficient(breach, record)
        if value is None or breach.scope is None:
            return None
        scope = Scope.everything().key if breach.scope == DEFAULTS_SCOPE else breach.scope
        wanted.setdefault(scope, {})[_parameter_in(breach, record)] = value
    if len(wanted) != 1:
        return None
    ((scope, parameters),) = wanted.items()
    if validate_patch(parameters):
        return None
    verdict = decide_again(record, PolicyPatch({scope: parameters}).on(record))
    return PolicyThatPasses(scope=scope, parameters=parameters) if verdict is not None and verdict.approved else None


def _sufficient(breach: Breach, record: DecisionRecord) -> Any:
    """Return the tightest value of the parameter behind a breach that the measured value keeps; None if none does."""
    if breach.code not in GOVERNED_BY:
        return None
    parameter = CATALOGUE[_parameter_in(breach, record)]
    if breach.code is Code.REGIME_SIZE:
        return _before_the_regime(breach, record)
    if parameter.type is ParameterType.BOOLEAN:
        return True
    measured = breach.measured
    if isinstance(measured, bool) or not isinstance(measured, int | float):
        return None
    if parameter.type is ParameterType.INTEGER:
        return math.ceil(measured) + (breach.code in _ONE_MORE)
    return float(measured)


def _before_the_regime(breach: Breach, record: DecisionRecord) -> float | None:
    """Return the limit, to the cent, of which the regime would leave what was measured; None if it leaves nothing."""
    origin = _origin(breach, record, {})
    if origin is None or origin.value is None or not breach.limit:
        return None
    needed = Decimal(str(breach.measured)) * Decimal(str(origin.value)) / Decimal(str(breach.limit))
    return float(needed.quantize(_CENT, ROUND_UP))


def _summary(record: DecisionRecord, explained: tuple[ExplainedBreach, ...], passes: PolicyThatPasses | None) -> str:
    verdict = record.verdict
    if verdict.approved or not explained:
        return verdict.message
    first = explained[0]
    parts = [verdict.message, _who(first.origin), _others(len(explained) - 1)]
    if passes is not None:
        values = ", ".join(f"{name} = {json.dumps(value)}" for name, value in passes.parameters.items())
        parts.append(f"With {values} in {passes.scope} it would have passed.")
    return " ".join(part for part in parts if part)


def _who(origin: LimitOrigin | None) -> str:
    if origin is None:
        return ""
    if origin.version is None:
        return f"That was on {origin.set_at:%Y-%m-%d %H:%M} UTC." if origin.set_at else ""
    if origin.set_by is None:
        return f"{origin.parameter} = {json.dumps(origin.value)} is the default: nobody has set it."
    when = f" on {origin.set_at:%Y-%m-%d %H:%M} UTC" if origin.set_at else ""
    why = f", because: {origin.reason}" if origin.reason else ""
    return f"{origin.set_by} set {origin.parameter} in {origin.scope} version {origin.version}{when}{why}."


def _others(number: int) -> str:
    if not number:
        return ""
    return "One more limit was not kept." if number == 1 else f"{number} more limits were not kept."
