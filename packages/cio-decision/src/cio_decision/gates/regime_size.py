"""REGIME_SIZE: what may be ordered shrinks in a dangerous market and in a losing portfolio."""

from collections.abc import Sequence
from decimal import Decimal

from cio_decision.breaches import Finding, amount, policy_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.order_size import notional
from cio_decision.regimes import in_words
from petrosa_contracts import Code, DrawdownPhase, RegimeStatus
from petrosa_contracts.regime import largest_multiplier
from petrosa_contracts.sizing import decimal_of

_PARAMETER = "max_position_size_usd"


def check(intent: Intent, context: Context) -> Finding:
    """Veto an order worth more than what the regime leaves of `max_position_size_usd`.

    Inputs: N; the size multipliers of the symbol's regime and of the market's; where a portfolio is an input, its fall
    from the peak. Comparison: N > limit x the smallest multiplier. The fall of a price and that of the portfolio are
    not both counted: with each regime's volatility goes the worse of the two. An unknown regime and an unknown fall
    count as the worst known ones. Unit: USD. Risk-reducing intents are exempt. Off without regime data; a
    regime that is lost is left to REGIME_STALE.
    """
    regimes = context.regimes
    if not regimes:
        return None
    portfolio = _portfolio_phase(context)
    multiplier = _multiplier(regimes, portfolio)
    measured, limit = notional(intent, context), decimal_of(context.policy[_PARAMETER]) * multiplier
    if measured <= limit:
        return measured, limit
    return policy_breach(
        Code.REGIME_SIZE,
        context,
        _PARAMETER,
        measured=measured,
        limit=limit,
        message=f"The order is worth up to {amount(measured)} USD and may be at most {amount(limit)}, which is "
        f"{amount(multiplier)} of `{_PARAMETER}`: {_cause(regimes, portfolio)}.",
    )


def _portfolio_phase(context: Context) -> DrawdownPhase | None:
    """Return the phase of the portfolio's fall; None where the portfolio is no input."""
    if context.portfolio is None:
        return None
    state = context.portfolio.state
    return DrawdownPhase.UNKNOWN if state is None else state.drawdown_phase


def _multiplier(regimes: Sequence[RegimeStatus], portfolio: DrawdownPhase | None) -> Decimal:
    found = [status.size_multiplier for status in regimes]
    if portfolio is not None:
        found += [largest_multiplier(status.volatility, portfolio) for status in regimes]
    return decimal_of(min(found))


def _cause(regimes: Sequence[RegimeStatus], portfolio: DrawdownPhase | None) -> str:
    parts = [in_words(status) for status in regimes]
    if portfolio is not None:
        parts.append(f"the portfolio's drawdown is {portfolio}")
    return "; ".join(parts)
