"""STOP_INVALID: a stop or target that cannot do its work."""

from cio_decision.breaches import Finding, Measured, amount, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import CATALOGUE, Breach, Code, Side

_PERCENT = 100
_LARGEST_FRACTION = {
    name: (CATALOGUE[name].maximum or _PERCENT) / _PERCENT for name in ("stop_loss_pct", "take_profit_pct")
}
"""What policy allows at most, as the fraction that signals use: 0.5 for stops and 1.0 for targets."""


def check(intent: Intent, _context: Context) -> Finding:
    """Veto a stop or target on the wrong side, one that is not positive, or a fraction that can only be a percent.

    Inputs: `stop_loss`, `take_profit` (prices), `stop_loss_pct`, `take_profit_pct` (fractions) and `current_price`.
    Comparison: for a long, stop > price or target < price; for a short the reverse; any of the four <= 0; a fraction
    above the largest percent that policy allows (50 for stops, 100 for targets) divided by 100. Units: quote currency,
    fraction. Risk-reducing intents are exempt.
    """
    return _fraction_breach(intent) or _price_breach(intent) or _measured(intent)


def _measured(intent: Intent) -> Measured | None:
    """Return the first of stop and target that is given, and what bounds it."""
    signal = intent.signal
    price = signal.take_profit if signal.stop_loss is None else signal.stop_loss
    if price is not None:
        return price, signal.current_price
    for name, largest in _LARGEST_FRACTION.items():
        if getattr(signal, name) is not None:
            return getattr(signal, name), largest
    return None


def _fraction_breach(intent: Intent) -> Breach | None:
    for name, largest in _LARGEST_FRACTION.items():
        value: float | None = getattr(intent.signal, name)
        if value is None or 0 < value <= largest:
            continue
        return fraction_breach(name, value)
    return None


def fraction_breach(name: str, value: float) -> Breach:
    """Return the breach of a stop or target fraction that is not positive, or only makes sense as a percent."""
    if value <= 0:
        return built_in_breach(
            Code.STOP_INVALID,
            measured=value,
            limit=0.0,
            unit="fraction",
            message=f"{name} must be above 0; leave it out for no stop of that kind.",
        )
    return built_in_breach(
        Code.STOP_INVALID,
        measured=value,
        limit=_LARGEST_FRACTION[name],
        unit="fraction",
        message=f"{name} is a fraction and {value:g} would be {value:.0%}: if percent was meant, send "
        f"{value / _PERCENT:g}.",
    )


def _price_breach(intent: Intent) -> Breach | None:
    price = intent.signal.current_price
    long = intent.side is Side.LONG
    for name, must_be_below in (("stop_loss", long), ("take_profit", not long)):
        value: float | None = getattr(intent.signal, name)
        if value is None:
            continue
        if value <= 0:
            return built_in_breach(
                Code.STOP_INVALID,
                measured=value,
                limit=0.0,
                unit="quote currency",
                message=f"{name} {amount(value)} must be above 0; leave it out for none.",
            )
        if value > price if must_be_below else value < price:
            return built_in_breach(
                Code.STOP_INVALID,
                measured=value,
                limit=price,
                unit="quote currency",
                message=f"{name} {amount(value)} of a {intent.side} must be {'below' if must_be_below else 'above'} "
                f"the current price {amount(price)}.",
            )
    return None
