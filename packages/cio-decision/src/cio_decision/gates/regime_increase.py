"""REGIME_INCREASE: nothing is added to a position in a dangerous market."""

from cio_decision.breaches import Finding, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.regimes import in_words
from petrosa_contracts import Code, DrawdownPhase, RegimeStatus, VolatilityPhase


def check(intent: Intent, context: Context) -> Finding:
    """Veto an order that adds to a position while the regime of the symbol, or of the market, allows no increase.

    Inputs: whether each regime allows increases; whether the symbol and side is open, or on its way to be. Where the
    portfolio is no input, that is known of orders on their way alone; then, in the worst volatility or drawdown, every
    entry counts as an increase. Where it is an input and not known, every entry always does. Comparison: an increase
    that is not allowed. Unit: bool. Risk-reducing intents are exempt. Off without regime data;
    a regime that is lost is left to REGIME_STALE.
    """
    regimes = context.regimes
    if not regimes:
        return None
    forbidding = next((status for status in regimes if not status.increase_allowed), None)
    if forbidding is None:
        return _is_open(intent, context), True
    adds = _is_open(intent, context)
    if adds is None:
        adds = context.portfolio is not None or any(_is_worst(status) for status in regimes)
    if not adds:
        return False, False
    return built_in_breach(
        Code.REGIME_INCREASE,
        measured=True,
        limit=False,
        unit="bool",
        message=f"No adding to the {intent.side} of {intent.signal.symbol} until it calms: {in_words(forbidding)}.",
    )


def _is_open(intent: Intent, context: Context) -> bool | None:
    """Whether the symbol and side is open or on its way to be; None: not known."""
    if context.ledger.reserved.opens_this:
        return True
    state = None if context.portfolio is None else context.portfolio.state
    if state is None or intent.side is None:
        return None
    return state.position(intent.signal.symbol, intent.side) is not None


def _is_worst(status: RegimeStatus) -> bool:
    return status.volatility.as_known is VolatilityPhase.EXTREME or status.drawdown.as_known is DrawdownPhase.SEVERE
