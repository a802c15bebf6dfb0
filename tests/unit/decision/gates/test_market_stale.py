import pytest

from cio_decision.gates.market_stale import check
from petrosa_contracts import Breach, Code
from tests.builders import ago, context, intent, market_state, market_view, quote


def test_a_fresh_price_passes_and_its_age_is_measured() -> None:
    assert check(intent(), context(market=market_view(market_state(as_of=ago(1.5))))) == (1.5, 15)


@pytest.mark.parametrize("age", [5.1, 15])
def test_a_stale_price_restricts_the_mode_and_is_no_veto(age: float) -> None:
    assert check(intent(), context(market=market_view(market_state(as_of=ago(age))))) == (age, 15)


def test_a_lost_price_is_vetoed() -> None:
    breach = check(intent(), context(market=market_view(market_state(as_of=ago(17.25)))))
    assert isinstance(breach, Breach)
    assert (breach.code, breach.measured, breach.limit, breach.unit) == (Code.MARKET_STALE, 17.25, 15, "seconds")
    assert breach.message == (
        "The market data of BTCUSDT is 17.25 seconds old, and 15 are allowed: only exits pass until it is fresh again."
    )


def test_the_newest_of_several_prices_counts() -> None:
    state = market_state(as_of=ago(60), mark=quote(50_000, ago(2)))
    assert check(intent(), context(market=market_view(state))) == (2, 15)


def test_a_listed_symbol_without_any_price_is_vetoed() -> None:
    state = market_state(last=None, mark=None, bid=None, ask=None)
    breach = check(intent(), context(market=market_view(state)))
    assert isinstance(breach, Breach)
    assert breach.measured is None
    assert breach.message.startswith("The market data of BTCUSDT was never seen: ")


def test_a_price_from_the_future_is_vetoed() -> None:
    breach = check(intent(), context(market=market_view(market_state(as_of=ago(-30)))))
    assert isinstance(breach, Breach)
    assert breach.message.startswith("The market data of BTCUSDT is dated 30 seconds ahead of this clock: ")


def test_while_nothing_at_all_is_known_entries_are_vetoed() -> None:
    breach = check(intent(), context(market=market_view(known=False, listed=False)))
    assert isinstance(breach, Breach)
    assert breach.message.startswith("The market data was never seen: ")


def test_a_symbol_that_the_exchange_does_not_list_is_another_gates_matter() -> None:
    assert check(intent(), context(market=market_view(known=False))) is None


def test_where_the_settings_name_no_market_there_is_nothing_to_say() -> None:
    assert check(intent(), context()) is None
