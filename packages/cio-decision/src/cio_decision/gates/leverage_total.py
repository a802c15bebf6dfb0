"""LEVERAGE_TOTAL: the leverage of the whole book has a cap."""

from cio_decision.breaches import Finding, amount, policy_breach
from cio_decision.context import Context
from cio_decision.headroom import known_portfolio, leverage_left, open_leverage, order_leverage, taken
from cio_decision.intent import Intent
from petrosa_contracts import Code

_PARAMETER = "portfolio_leverage_cap"


def check(intent: Intent, context: Context) -> Finding:
    """Veto what would take the sum of all leverage settings beyond `portfolio_leverage_cap`.

    Inputs: the leverage of each open position (one that is not known counts as 125, the highest there is), of the
    approved orders on their way, and of this order (resolved or recommended, whichever is more), also where it adds to
    an open position. Comparison: sum > cap. Unit: x; sizes play no part. A cap of 0 is none. Risk-reducing intents are
    exempt.
    """
    state = known_portfolio(context)
    room = None if state is None else leverage_left(context, state)
    if state is None or room is None:
        return None
    cap: int = context.policy[_PARAMETER]
    is_open, on_their_way, order = (
        open_leverage(state),
        context.ledger.reserved.leverage,
        order_leverage(intent, context),
    )
    after = is_open + on_their_way + order
    if taken(on_their_way) + taken(order) <= room:
        return after, cap
    return policy_breach(
        Code.LEVERAGE_TOTAL,
        context,
        _PARAMETER,
        measured=after,
        message=(
            f"With {amount(is_open)}x open and {amount(on_their_way)}x on their way, this order at {amount(order)}x "
            f"makes {amount(after)}x, and the book may have {cap}x."
        ),
    )
