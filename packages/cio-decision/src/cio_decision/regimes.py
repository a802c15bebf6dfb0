"""Regimes in words."""

from petrosa_contracts import RegimeStatus


def in_words(status: RegimeStatus) -> str:
    """Return a regime as the part of a sentence that names its cause."""
    subject = status.symbol or "the market"
    return f"{subject} is in {status.volatility} volatility and {status.drawdown} drawdown, its trend {status.trend}"
