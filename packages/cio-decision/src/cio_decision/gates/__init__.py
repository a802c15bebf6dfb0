"""The gates, in the order in which they speak: the first breach names the veto.

Each gate is one module with one pure function. `Exits` says what it means for risk-reducing intents, and for `hold`,
which asks for nothing. PAYLOAD_INVALID and OVERLOADED are found before there is an intent to
evaluate; their modules only say how such a breach looks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

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


class Exits(StrEnum):
    """What a gate means for an intent that only reduces risk."""

    SUBJECT = "subject"
    """It vetoes them too."""
    NOTED = "noted"
    """Its breach is recorded, and they pass."""
    EXEMPT = "exempt"
    """It is not asked."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One rule: the code it vetoes with, what it means for exits, and the check itself."""

    code: Code
    exits: Exits
    check: Callable[[Intent, Context], Finding]
    closes: Exits | None = None
    """What it means for `close` and `hold`, where that is not what it means for an order that opposes a position."""

    @property
    def for_closes(self) -> Exits:
        """What it means for `close` and `hold`."""
        return self.exits if self.closes is None else self.closes


GATES: tuple[Gate, ...] = (
    Gate(Code.FROZEN, exits=Exits.SUBJECT, check=frozen.check),
    Gate(Code.HALT_ACTIVE, exits=Exits.EXEMPT, check=halt_active.check),
    Gate(Code.INTENT_STALE, exits=Exits.EXEMPT, check=intent_stale.check),
    Gate(Code.INTENT_FUTURE, exits=Exits.SUBJECT, check=intent_future.check),
    Gate(Code.INTENT_DUPLICATE, exits=Exits.SUBJECT, check=intent_duplicate.check),
    Gate(Code.STRATEGY_DISABLED, exits=Exits.EXEMPT, check=strategy_disabled.check),
    Gate(Code.SIDE_DISABLED, exits=Exits.EXEMPT, check=side_disabled.check),
    Gate(Code.SYMBOL_NOT_ALLOWED, exits=Exits.EXEMPT, check=symbol_not_allowed.check),
    Gate(Code.CONFIDENCE_LOW, exits=Exits.EXEMPT, check=confidence_low.check),
    Gate(Code.ORDER_NOTIONAL_MAX, exits=Exits.EXEMPT, check=order_notional_max.check),
    Gate(Code.ORDER_NOTIONAL_MIN, exits=Exits.EXEMPT, check=order_notional_min.check),
    Gate(Code.POSITION_SIZE_MAX, exits=Exits.EXEMPT, check=position_size_max.check),
    Gate(Code.LEVERAGE_MAX, exits=Exits.EXEMPT, check=leverage_max.check),
    Gate(Code.STOP_INVALID, exits=Exits.EXEMPT, check=stop_invalid.check),
    Gate(Code.DAILY_TRADES, exits=Exits.EXEMPT, check=daily_trades.check),
    Gate(Code.RATE_LIMIT, exits=Exits.EXEMPT, check=rate_limit.check),
    Gate(Code.SYMBOL_UNKNOWN, exits=Exits.SUBJECT, check=symbol_unknown.check),
    Gate(Code.SYMBOL_NOT_TRADING, exits=Exits.EXEMPT, check=symbol_not_trading.check),
    Gate(Code.PRICE_PHANTOM, exits=Exits.NOTED, check=price_phantom.check),
    Gate(Code.PRICE_INCONSISTENT, exits=Exits.NOTED, check=price_inconsistent.check),
    Gate(Code.FILTER_TICK, exits=Exits.SUBJECT, closes=Exits.NOTED, check=filter_tick.check),
    Gate(Code.FILTER_LOT, exits=Exits.SUBJECT, closes=Exits.NOTED, check=filter_lot.check),
    Gate(Code.FILTER_MIN_NOTIONAL, exits=Exits.EXEMPT, check=filter_min_notional.check),
    Gate(Code.FILTER_PERCENT_PRICE, exits=Exits.SUBJECT, closes=Exits.NOTED, check=filter_percent_price.check),
    Gate(Code.MARKET_STALE, exits=Exits.EXEMPT, check=market_stale.check),
    Gate(Code.REGIME_STALE, exits=Exits.EXEMPT, check=regime_stale.check),
    Gate(Code.PORTFOLIO_STALE, exits=Exits.EXEMPT, check=portfolio_stale.check),
    Gate(Code.REGIME_SIZE, exits=Exits.EXEMPT, check=regime_size.check),
    Gate(Code.REGIME_INCREASE, exits=Exits.EXEMPT, check=regime_increase.check),
    Gate(Code.REGIME_ENTRY, exits=Exits.EXEMPT, check=regime_entry.check),
    Gate(Code.DAILY_LOSS, exits=Exits.EXEMPT, check=daily_loss.check),
    Gate(Code.DRAWDOWN, exits=Exits.EXEMPT, check=drawdown.check),
    Gate(Code.EXPOSURE_MAX, exits=Exits.EXEMPT, check=exposure_max.check),
    Gate(Code.POSITIONS_MAX, exits=Exits.EXEMPT, check=positions_max.check),
    Gate(Code.LEVERAGE_TOTAL, exits=Exits.EXEMPT, check=leverage_total.check),
    Gate(Code.FAILSAFE_LIMIT, exits=Exits.EXEMPT, check=failsafe_limit.check),
    Gate(Code.PRIMAL_LIMIT, exits=Exits.SUBJECT, check=primal_limit.check),
    Gate(Code.AUDIT_UNAVAILABLE, exits=Exits.EXEMPT, check=audit_unavailable.check),
    Gate(Code.DEADLINE_EXCEEDED, exits=Exits.EXEMPT, check=deadline_exceeded.check),
)


class Panel(NamedTuple):
    """The gates that look at one kind of intent: those that may veto it, and those whose breaches are only noted."""

    vetoing: tuple[Gate, ...]
    noting: tuple[Gate, ...]


FOR_ENTRIES = Panel(GATES, ())
FOR_REDUCING_ORDERS = Panel(
    tuple(gate for gate in GATES if gate.exits is Exits.SUBJECT),
    tuple(gate for gate in GATES if gate.exits is Exits.NOTED),
)
FOR_CLOSES = Panel(
    tuple(gate for gate in GATES if gate.for_closes is Exits.SUBJECT),
    tuple(gate for gate in GATES if gate.for_closes is Exits.NOTED),
)
