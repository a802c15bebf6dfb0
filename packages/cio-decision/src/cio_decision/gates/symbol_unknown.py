"""SYMBOL_UNKNOWN: what the exchange does not list cannot be traded."""

from cio_decision.breaches import Finding, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code


def check(intent: Intent, context: Context) -> Finding:
    """Veto a symbol that the exchange does not list.

    Inputs: the symbol, exactly as written, and the exchange's list. Comparison: it is not in it. Unit: symbol. Exits
    are subject to it too; `hold`, which asks for nothing, is not. Off without market data, and silent until the list
    is known.
    """
    market, symbol = context.market, intent.signal.symbol
    if market is None or intent.action == "hold":
        return None
    if market.state is not None:
        return symbol, None
    if not market.listed:
        return None
    return built_in_breach(
        Code.SYMBOL_UNKNOWN,
        measured=symbol,
        limit=None,
        unit="symbol",
        message=f"The exchange lists no {symbol}: check how it is spelled.",
    )
