"""REGIME_ENTRY: in a market out of hand nothing is opened against it, and in a collapse nothing at all."""

from cio_decision.breaches import Finding, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.regimes import in_words
from petrosa_contracts import Code, DrawdownPhase, RegimeStatus, Side, VolatilityPhase


def check(intent: Intent, context: Context) -> Finding:
    """Veto an entry against the trend in extreme volatility, and every entry where the drawdown is severe as well.

    Inputs: volatility, trend and drawdown phase of the symbol's regime and of the market's. Comparison: volatility is
    extreme, and the trend opposes the side or the drawdown is severe. An unknown phase counts as the worst known one
    and an unknown trend opposes both sides. Unit: phase. Risk-reducing intents are exempt. Off without regime data;
    a regime that is lost is left to REGIME_STALE.
    """
    side, regimes = intent.side, context.regimes
    if side is None or not regimes:
        return None
    for status in regimes:
        if _forbids(status, side):
            return built_in_breach(
                Code.REGIME_ENTRY,
                measured=status.volatility,
                limit=VolatilityPhase.HIGH,
                unit="phase",
                message=f"No new {side} of {intent.signal.symbol} until it calms: {in_words(status)}.",
            )
    worst = max(regimes, key=lambda status: status.volatility.severity)
    return worst.volatility, VolatilityPhase.HIGH


def _forbids(status: RegimeStatus, side: Side) -> bool:
    if status.volatility.as_known is not VolatilityPhase.EXTREME:
        return False
    return status.drawdown.as_known is DrawdownPhase.SEVERE or status.trend.opposes(side)
