"""DAILY_LOSS: on a bad day nothing opens any more."""

from cio_decision.breaches import Finding, amount, policy_breach
from cio_decision.context import Context
from cio_decision.headroom import daily_loss, known_portfolio
from cio_decision.intent import Intent
from petrosa_contracts import Code
from petrosa_contracts.sizing import decimal_of

_PARAMETER = "max_daily_loss_pct"


def check(_intent: Intent, context: Context) -> Finding:
    """Veto once the loss of the UTC day went beyond `max_daily_loss_pct` of the equity that the day began with.

    Inputs: the largest loss that three readings agreed on today, realised and open together, so that a recovery does
    not lift the veto; equity at the start of the day. Comparison: loss / equity > limit. Unit: fraction. A loss of
    another day does not count. Without a known equity this gate has nothing to say, which passes nothing:
    PORTFOLIO_STALE vetoes then. Risk-reducing intents are exempt.
    """
    state = known_portfolio(context)
    loss = None if state is None else daily_loss(state, context.now.date())
    if loss is None:
        return None
    limit = decimal_of(context.policy[_PARAMETER])
    if loss.is_within(limit):
        return loss.share, limit
    return policy_breach(
        Code.DAILY_LOSS,
        context,
        _PARAMETER,
        measured=loss.share,
        message=(
            f"{amount(loss.amount)} USD were lost today, more than {amount(limit)} of the {amount(loss.equity)} that "
            "the day began with: only exits pass until midnight UTC or until an operator clears it."
        ),
    )
