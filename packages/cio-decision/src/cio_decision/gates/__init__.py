"""The gates, in the order in which they speak: the first breach names the veto.

Each gate is one module with one pure function. `exempts_exits` says whether risk-reducing intents (and `hold`, which
asks for nothing) are not subject to it. PAYLOAD_INVALID and OVERLOADED are found before there is an intent to
evaluate; their modules only say how such a breach looks.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cio_decision.breaches import Finding
from cio_decision.context import Context
from cio_decision.gates import (
    audit_unavailable,
    confidence_low,
    daily_loss,
    daily_trades,
    deadline_exceeded,
    drawdown,
    exposure_max,
    failsafe_limit,
    filter_lot,
    filter_min_notional,
    filter_percent_price,
    filter_tick,
    frozen,
    halt_active,
    intent_duplicate,
    intent_future,
    intent_stale,
    leverage_max,
    leverage_total,
    market_stale,
    order_notional_max,
    order_notional_min,
    portfolio_stale,
    position_size_max,
    positions_max,
    price_inconsistent,
    price_phantom,
    primal_limit,
    rate_limit,
    regime_entry,
    regime_increase,
    regime_size,
    regime_stale,
    side_disabled,
    stop_invalid,
    strategy_disabled,
    symbol_not_allowed,
    symbol_not_trading,
    symbol_unknown,
)
from cio_decision.intent import Intent
from petrosa_contracts import Code


@dataclass(frozen=True, slots=True)
class Gate:
    """One rule: the code it vetoes with, whether exits are exempt, and the check itself."""

    code: Code
    exempts_exits: bool
    check: Callable[[Intent, Context], Finding]


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
    Gate(Code.SYMBOL_UNKNOWN, exempts_exits=False, check=symbol_unknown.check),
    Gate(Code.SYMBOL_NOT_TRADING, exempts_exits=True, check=symbol_not_trading.check),
    Gate(Code.PRICE_PHANTOM, exempts_exits=True, check=price_phantom.check),
    Gate(Code.PRICE_INCONSISTENT, exempts_exits=True, check=price_inconsistent.check),
    Gate(Code.FILTER_TICK, exempts_exits=False, check=filter_tick.check),
    Gate(Code.FILTER_LOT, exempts_exits=False, check=filter_lot.check),
    Gate(Code.FILTER_MIN_NOTIONAL, exempts_exits=True, check=filter_min_notional.check),
    Gate(Code.FILTER_PERCENT_PRICE, exempts_exits=False, check=filter_percent_price.check),
    Gate(Code.MARKET_STALE, exempts_exits=True, check=market_stale.check),
    Gate(Code.REGIME_STALE, exempts_exits=True, check=regime_stale.check),
    Gate(Code.PORTFOLIO_STALE, exempts_exits=True, check=portfolio_stale.check),
    Gate(Code.REGIME_SIZE, exempts_exits=True, check=regime_size.check),
    Gate(Code.REGIME_INCREASE, exempts_exits=True, check=regime_increase.check),
    Gate(Code.REGIME_ENTRY, exempts_exits=True, check=regime_entry.check),
    Gate(Code.DAILY_LOSS, exempts_exits=True, check=daily_loss.check),
    Gate(Code.DRAWDOWN, exempts_exits=True, check=drawdown.check),
    Gate(Code.EXPOSURE_MAX, exempts_exits=True, check=exposure_max.check),
    Gate(Code.POSITIONS_MAX, exempts_exits=True, check=positions_max.check),
    Gate(Code.LEVERAGE_TOTAL, exempts_exits=True, check=leverage_total.check),
    Gate(Code.FAILSAFE_LIMIT, exempts_exits=True, check=failsafe_limit.check),
    Gate(Code.PRIMAL_LIMIT, exempts_exits=False, check=primal_limit.check),
    Gate(Code.AUDIT_UNAVAILABLE, exempts_exits=True, check=audit_unavailable.check),
    Gate(Code.DEADLINE_EXCEEDED, exempts_exits=True, check=deadline_exceeded.check),
)

GATES_FOR_EXITS: tuple[Gate, ...] = tuple(gate for gate in GATES if not gate.exempts_exits)
"""The gates that even a risk-reducing intent has to pass."""
