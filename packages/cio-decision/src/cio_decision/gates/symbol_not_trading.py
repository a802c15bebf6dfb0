"""SYMBOL_NOT_TRADING: the exchange takes no orders for the symbol now."""

from cio_decision.breaches import Finding, built_in_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code
from petrosa_contracts.market import TRADING


def check(intent: Intent, context: Context) -> Finding:
    """Veto while the exchange's status of the symbol is another than TRADING.

    Inputs: the status. Comparison: it differs from TRADING. Unit: status. Risk-reducing intents are exempt. Off
    without market data.
    """
    state = None if context.market is None else context.market.state
    if state is None:
        return None
    if state.is_trading:
        return state.status, TRADING
    return built_in_breach(
        Code.SYMBOL_NOT_TRADING,
        measured=state.status,
        limit=TRADING,
        unit="status",
        message=f"{intent.signal.symbol} is not trading: the exchange calls it {state.status}.",
    )
