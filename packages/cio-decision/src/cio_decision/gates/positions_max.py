"""POSITIONS_MAX: only so many positions are open at the same time."""

from cio_decision.breaches import Finding, policy_breach
from cio_decision.context import Context
from cio_decision.headroom import known_portfolio, positions_left
from cio_decision.intent import Intent
from petrosa_contracts import Code

_PARAMETER = "max_concurrent_positions"


def check(intent: Intent, context: Context) -> Finding:
    """Veto what would open one position more than `max_concurrent_positions`.

    Inputs: open positions, one per symbol and side, and those that approved orders on their way open. Comparison: their
    number with this one > limit. Unit: count. Adding to an open position opens none and is not judged. Risk-reducing
    intents are exempt.
    """
    state, side = known_portfolio(context), intent.side
    if state is None or side is None or state.position(intent.signal.symbol, side) is not None:
        return None
    limit: int = context.policy[_PARAMETER]
    on_their_way = context.ledger.reserved.positions
    after = len(state.positions) + on_their_way + 1
    if on_their_way + 1 <= positions_left(context, state):
        return after, limit
    return policy_breach(
        Code.POSITIONS_MAX,
        context,
        _PARAMETER,
        measured=after,
        message=(
            f"{len(state.positions)} positions are open and {on_their_way} on their way; {intent.signal.symbol} {side} "
            f"would make {after}, and {limit} may be open."
        ),
    )
