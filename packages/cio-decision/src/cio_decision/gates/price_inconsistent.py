"""PRICE_INCONSISTENT: a strategy that reasons with another price than it orders at reasons about nothing."""

from cio_decision.breaches import Finding, amount, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from cio_decision.prices import PERCENT, percent_apart, percent_text
from petrosa_contracts import Code
from petrosa_contracts.parameters.definition import Unit
from petrosa_contracts.sizing import decimal_of


def check(intent: Intent, context: Context) -> Finding:
    """Veto an intent whose `price` is further from its own `current_price` than the band.

    Inputs: both prices and the band. Comparison: distance > band. Unit: percent of `current_price`. Of risk-reducing
    intents a breach is recorded, and they pass. Off without market data, with which the band comes.
    """
    if context.market is None:
        return None
    price, current = decimal_of(intent.signal.price), decimal_of(intent.signal.current_price)
    away, band = percent_apart(price, current), context.market.band_share * PERCENT
    if away <= band:
        return away, band
    return built_in_breach(
        Code.PRICE_INCONSISTENT,
        measured=away,
        limit=band,
        unit=Unit.PERCENT,
        message=f"The price {amount(price)} is {percent_text(away)} away from the intent's own current_price "
        f"{amount(current)} and may be at most {amount(band)} %.",
    )
