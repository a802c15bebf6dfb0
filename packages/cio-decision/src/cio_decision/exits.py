"""Exits: what only reduces risk, which the way out of a position depends on."""

from cio_decision.context import Context
from cio_decision.freshness import standing
from cio_decision.intent import Intent
from petrosa_contracts import Side
from petrosa_contracts.sizing import decimal_of


def increases_risk(intent: Intent, context: Context) -> bool:
    """Return whether an intent asks for a new or larger position.

    `close` only ever reduces, because no engine opens with it, and `hold` asks for nothing. A buy or sell reduces only
    where the account nets, and only as far as the position reaches that it opposes.
    """
    return intent.opens and not opposes_position(intent, context)


def opposes_position(intent: Intent, context: Context) -> bool:
    """Return whether an order surely only reduces an open position.

    That is so where `position_mode` is `one-way`, the portfolio is known and fresh and does not say otherwise of the
    account, and the quantity does not exceed the opposite position less what is already on its way out of it. An order
    without a quantity is sized by the engine and counts as opening, and so does one with a share of equity.
    """
    portfolio, side = context.portfolio, intent.side
    if side is None or portfolio is None or portfolio.state is None or context.policy["position_mode"] != "one-way":
        return False
    state, signal = portfolio.state, intent.signal
    known = standing(
        "", state.as_of, portfolio.ages, now=context.now, tolerance_seconds=context.clock_tolerance_seconds
    )
    if not known.is_fresh or state.position_mode != "one-way":
        return False
    opposite = state.position(signal.symbol, Side.SHORT if side is Side.LONG else Side.LONG)
    if opposite is None or signal.quantity <= 0 or signal.position_size_pct:
        return False
    return decimal_of(signal.quantity) <= opposite.quantity - context.ledger.reserved.exiting
