"""The gates, in the order in which they speak: the first breach names the veto.

Each gate is one module with one pure function. `exempts_exits` says whether risk-reducing intents (and `hold`, which
asks for nothing) are not subject to it. PAYLOAD_INVALID and OVERLOADED are found before there is an intent to
evaluate; their modules only say how such a breach looks.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cio_decision.context import Context
from cio_decision.gates import (
    confidence_low,
    daily_trades,
    deadline_exceeded,
    failsafe_limit,
    frozen,
    halt_active,
    intent_duplicate,
    intent_future,
    intent_stale,
    leverage_max,
    order_notional_max,
    order_notional_min,
    position_size_max,
    primal_limit,
    rate_limit,
    side_disabled,
    stop_invalid,
    strategy_disabled,
    symbol_not_allowed,
)
from cio_decision.intent import Intent
from petrosa_contracts import Breach, Code


@dataclass(frozen=True, slots=True)
class Gate:
    """One rule: the code it vetoes with, whether exits are exempt, and the check itself."""

    code: Code
    exempts_exits: bool
    check: Callable[[Intent, Context], Breach | None]


GATES: tuple[Gate, ...] = (
    Gate(Code.FROZEN, exempts_exits=False, check=frozen.check),
    Gate(Code.HALT_ACTIVE, exempts_exits=True, check=halt_active.check),
    Gate(Code.INTENT_STALE, exempts_exits=True, check=intent_stale.check),
    Gate(Code.INTENT_FUTURE, exempts_exits=False, check=intent_future.check),
    Gate(Code.INTENT_DUPLICATE, exempts_exits=False, check=intent_duplicate.check),
    Gate(Code.STRATEGY_DISABLED, exempts_exits=True, check=strategy_disabled.check),
    Gate(Code.SIDE_DISABLED, exempts_exits=True, check=side_disabled.check),
    Gate(Code.SYMBOL_NOT_ALLOWED, exempts_exits=True, check=symbol_not_allowed.check),
    Gate(Code.CONFIDENCE_LOW, exempts_exits=True, check=confidence_low.check),
    Gate(Code.ORDER_NOTIONAL_MAX, exempts_exits=True, check=order_notional_max.check),
    Gate(Code.ORDER_NOTIONAL_MIN, exempts_exits=True, check=order_notional_min.check),
    Gate(Code.POSITION_SIZE_MAX, exempts_exits=True, check=position_size_max.check),
    Gate(Code.LEVERAGE_MAX, exempts_exits=True, check=leverage_max.check),
    Gate(Code.STOP_INVALID, exempts_exits=True, check=stop_invalid.check),
    Gate(Code.DAILY_TRADES, exempts_exits=True, check=daily_trades.check),
    Gate(Code.RATE_LIMIT, exempts_exits=True, check=rate_limit.check),
    Gate(Code.FAILSAFE_LIMIT, exempts_exits=True, check=failsafe_limit.check),
    Gate(Code.PRIMAL_LIMIT, exempts_exits=False, check=primal_limit.check),
    Gate(Code.DEADLINE_EXCEEDED, exempts_exits=True, check=deadline_exceeded.check),
)

GATES_FOR_EXITS: tuple[Gate, ...] = tuple(gate for gate in GATES if not gate.exempts_exits)
"""The gates that even a risk-reducing intent has to pass."""
