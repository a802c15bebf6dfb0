import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import symbol_unknown
from petrosa_contracts import Code
from tests.builders import breached, context, intent, market_view, passes


def test_a_symbol_that_the_exchange_lists_passes() -> None:
    assert passes(symbol_unknown.check(intent(), context(market=market_view())))


@pytest.mark.parametrize("symbol", ["LUNAUSDT", "BTC-USDT"])
def test_a_symbol_that_is_not_listed_is_vetoed(symbol: str) -> None:
    breach = breached(symbol_unknown.check(intent(symbol=symbol), context(market=market_view(known=False))))
    assert (breach.code, breach.measured, breach.limit, breach.unit) == (Code.SYMBOL_UNKNOWN, symbol, None, "symbol")
    assert (breach.scope, breach.version) == (None, None)
    assert symbol in breach.message


def test_without_market_data_the_gate_is_off() -> None:
    assert symbol_unknown.check(intent(), context()) is None


def test_until_the_list_is_known_no_symbol_is_unknown() -> None:
    assert symbol_unknown.check(intent(), context(market=market_view(known=False, listed=False))) is None


def test_a_close_of_an_unlisted_symbol_is_vetoed() -> None:
    assert evaluate(intent(action="close"), context(market=market_view(known=False))).code is Code.SYMBOL_UNKNOWN


def test_hold_asks_for_nothing_and_passes() -> None:
    assert evaluate(intent(action="hold"), context(market=market_view(known=False))).approved
