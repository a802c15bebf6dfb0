"""EXPOSURE_MAX: what is open and on its way stays within a share of equity."""

from decimal import Decimal

from cio_decision.breaches import Finding, amount, policy_breach
from cio_decision.context import Context
from cio_decision.headroom import (
    MILLION,
    exposure_after,
    exposure_left,
    known_portfolio,
    order_notional,
    share_of,
    taken,
)
from cio_decision.intent import Intent
from petrosa_contracts import Code
from petrosa_contracts.sizing import decimal_of

_PARAMETER = "max_portfolio_exposure_pct"


def check(intent: Intent, context: Context) -> Finding:
    """Veto what would take exposure beyond `max_portfolio_exposure_pct` of equity.

    Inputs: the notionals of all open positions, long and short added up, of the approved orders on their way, and N;
    equity. Comparison: their sum > share x equity, the order rounded up and what is left rounded down to millionths of
    a USD. Unit: fraction of equity; leverage is not multiplied in. Without a known equity this gate has nothing to
    say, which passes nothing: PORTFOLIO_STALE vetoes then. Risk-reducing intents are exempt.
    """
    state = known_portfolio(context)
    if state is None or state.equity is None:
        return None
    share, order = decimal_of(context.policy[_PARAMETER]), order_notional(intent, context)
    on_their_way, room = context.ledger.reserved.notional, exposure_left(state, share)
    after = exposure_after(order, context, state)
    measured = share_of(after, state.equity)
    if room is not None and taken(on_their_way) + order <= room:
        return measured, share
    return policy_breach(
        Code.EXPOSURE_MAX,
        context,
        _PARAMETER,
        measured=measured,
        message=(
            f"With {amount(state.exposure)} USD open and {amount(on_their_way)} on their way, this order of up to "
            f"{amount(Decimal(order) / MILLION)} makes {amount(after)} USD; {amount(share)} of the equity of "
            f"{amount(state.equity)} may be open."
        ),
    )
