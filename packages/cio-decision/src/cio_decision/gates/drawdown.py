"""DRAWDOWN: far below its peak the fund opens nothing until somebody has looked."""

from cio_decision.breaches import Finding, amount, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.prices import PERCENT
from petrosa_contracts import Code


def check(_intent: Intent, context: Context) -> Finding:
    """Veto once equity fell further from its peak than the settings allow.

    Inputs: the largest fall that three readings agreed on since it was last cleared, so that a recovery does not lift
    the veto. Comparison: fall > limit. Unit: fraction of the peak. Risk-reducing intents are exempt.
    """
    view = context.portfolio
    if view is None or view.state is None:
        return None
    fall, limit = view.state.drawdown_latched, view.drawdown_limit
    if fall <= limit:
        return fall, limit
    return built_in_breach(
        Code.DRAWDOWN,
        measured=fall,
        limit=limit,
        unit="fraction",
        message=(
            f"Equity fell {amount(fall * PERCENT)} % below its peak, more than {amount(limit * PERCENT)} %: only exits "
            "pass until an operator clears it."
        ),
    )
