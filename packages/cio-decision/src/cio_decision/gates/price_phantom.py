"""PRICE_PHANTOM: an order must not be made for a market that does not exist."""

from decimal import Decimal

from cio_decision.breaches import Finding, amount, built_in_breach, policy_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.prices import PERCENT, percent_apart, percent_text
from petrosa_contracts import Breach, Code
from petrosa_contracts.parameters.definition import Unit
from petrosa_contracts.sizing import decimal_of

_PARAMETER = "slippage_tolerance_pct"


def check(intent: Intent, context: Context) -> Finding:
    """Veto an intent whose prices are further from the live price than the band, or than its strategy tolerates.

    Inputs: `price`, `current_price`, and the live price: the newest of last trade, middle of the book and mark price,
    whatever its age. Comparison: `price` further away than the band or than `slippage_tolerance_pct`, whichever is
    narrower; `current_price`, by which engines order and size, further away than the band. Unit: percent of the live
    price. Of risk-reducing intents a breach is recorded, and they pass. Off while no live price is known.
    """
    market = context.market
    if market is None or market.live is None:
        return None
    live = market.live.price
    price, current = decimal_of(intent.signal.price), decimal_of(intent.signal.current_price)
    band, tolerance = market.band_share * PERCENT, decimal_of(context.policy[_PARAMETER])
    away = percent_apart(price, live)
    if away > tolerance and tolerance < band:
        return _tolerance_breach(context, price, live, away, tolerance)
    if away > band:
        return _band_breach("price", price, live, away, band)
    current_away = percent_apart(current, live)
    if current_away > band:
        return _band_breach("current_price", current, live, current_away, band)
    return away, min(band, tolerance)


def _tolerance_breach(context: Context, price: Decimal, live: Decimal, away: Decimal, limit: Decimal) -> Breach:
    scope = context.policy.provenance[_PARAMETER].scope
    return policy_breach(
        Code.PRICE_PHANTOM,
        context,
        _PARAMETER,
        measured=away,
        message=f"{_distance('price', price, live, away)} {amount(limit)} % (`{_PARAMETER}` of {scope}).",
    )


def _band_breach(name: str, price: Decimal, live: Decimal, away: Decimal, band: Decimal) -> Breach:
    return built_in_breach(
        Code.PRICE_PHANTOM,
        measured=away,
        limit=band,
        unit=Unit.PERCENT,
        message=f"{_distance(name, price, live, away)} {amount(band)} %.",
    )


def _distance(name: str, price: Decimal, live: Decimal, away: Decimal) -> str:
    return (
        f"The {name} {amount(price)} is {percent_text(away)} away from the live price {amount(live)} and may be at most"
    )
