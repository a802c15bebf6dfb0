"""Exits: what only reduces risk, which the way out of a position depends on."""

from decimal import Decimal

from cio_decision.context import Context
from cio_decision.freshness import standing
from cio_decision.headroom import left, taken
from cio_decision.intent import Intent
from cio_decision.order_size import largest_order
from petrosa_contracts import Position, Side


def increases_risk(intent: Intent, context: Context) -> bool:
    """Return whether an intent asks for a new or larger position.

    `close` only ever reduces, because no engine opens with it, and `hold` asks for nothing. A buy or sell reduces only
    where the account nets, and only as far as the position reaches that it opposes.
    """
    return intent.opens and not opposes_position(intent, context)


def opposes_position(intent: Intent, context: Context) -> bool:
    """Return whether an order surely only reduces an open position.

    That is so where it opposes a position (see `opposed_position`) and the largest amount that any engine would order
    does not exceed it, less what is already on its way out of it: computed in whole millionths, rounded to the safe
    side.
    """
    position = opposed_position(intent, context)
    if position is None:
        return False
    on_its_way = taken(context.ledger.reserved.exiting)
    return on_its_way + taken(largest_order(intent, context)) <= left(position.quantity, Decimal(0))


def opposed_position(intent: Intent, context: Context) -> Position | None:
    """Return the open position that an order with a quantity of its own runs against; None if there surely is none.

    Only where the account nets: `position_mode` is `one-way`, and the portfolio is known and fresh and says the same
    of the account. An order without a quantity is sized by the engine and counts as opening, and so does one with a
    share of equity.
    """
    portfolio, side = context.portfolio, intent.side
    if side is None or portfolio is None or portfolio.state is None or context.policy["position_mode"] != "one-way":
        return None
    state, signal = portfolio.state, intent.signal
    known = standing(
        "", state.as_of, portfolio.ages, now=context.now, tolerance_seconds=context.clock_tolerance_seconds
    )
    if not known.is_fresh or state.position_mode != "one-way":
        return None
    if signal.quantity <= 0 or signal.position_size_pct:
        return None
    return state.position(signal.symbol, Side.SHORT if side is Side.LONG else Side.LONG)
