from datetime import timedelta
from typing import Any

import pytest

from cio_nurse.domain.readings import IN_THE_FUTURE, Unbelievable, read_market, read_portfolio, read_regime
from tests.builders import NOW, market_state, portfolio_state, quote, regime_status

AHEAD = NOW + timedelta(microseconds=1)


def test_what_was_stored_is_read() -> None:
    market, regime, portfolio = market_state(), regime_status(), portfolio_state()
    assert read_market("BTCUSDT", market.model_dump_json().encode(), NOW) == market
    assert read_regime("BTCUSDT", regime.model_dump_json().encode(), NOW) == regime
    assert read_portfolio("", portfolio.model_dump_json().encode(), NOW) == portfolio


def test_the_markets_regime_is_stored_under_global() -> None:
    status = regime_status(symbol=None)
    assert read_regime("global", status.model_dump_json().encode(), NOW) == status


@pytest.mark.parametrize("stored", [b"", b"\xff", b"{", b"[]", b"null", b'{"symbol": "BTCUSDT"}', b"[" * 100_000])
def test_what_cannot_be_read_is_not_believed(stored: bytes) -> None:
    for read in (read_market, read_regime, read_portfolio):
        found = read("BTCUSDT", stored, NOW)
        assert isinstance(found, Unbelievable)
        assert "\n" not in found.reason


def test_the_reason_names_the_field_and_not_what_it_holds() -> None:
    stored = market_state().model_dump_json().replace('"50000"', '"s3cret"').encode()
    found = read_market("BTCUSDT", stored, NOW)
    assert isinstance(found, Unbelievable)
    assert found.reason.startswith("last.price: ")
    assert "s3cret" not in found.reason


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-1", "0"])
def test_an_impossible_price_is_not_believed(price: str) -> None:
    stored = market_state().model_dump_json().replace('"50000"', f'"{price}"').encode()
    assert isinstance(read_market("BTCUSDT", stored, NOW), Unbelievable)


def test_what_speaks_of_another_symbol_is_not_believed() -> None:
    market, regime = market_state().model_dump_json().encode(), regime_status().model_dump_json().encode()
    for found in (read_market("ETHUSDT", market, NOW), read_regime("global", regime, NOW)):
        assert found == Unbelievable("it speaks of another symbol")


@pytest.mark.parametrize(
    "ahead", [{"as_of": AHEAD}, {"mark": quote(1, AHEAD)}, {"bid": quote(1, AHEAD)}, {"rules_as_of": AHEAD}]
)
def test_a_market_with_anything_from_the_future_is_not_believed(ahead: dict[str, Any]) -> None:
    stored = market_state(**ahead).model_dump_json().encode()
    assert read_market("BTCUSDT", stored, NOW) == Unbelievable(IN_THE_FUTURE)
    assert not isinstance(read_market("BTCUSDT", stored, AHEAD), Unbelievable)


def test_a_regime_or_portfolio_from_the_future_is_not_believed() -> None:
    regime = regime_status(as_of=AHEAD).model_dump_json().encode()
    portfolio = portfolio_state(as_of=AHEAD).model_dump_json().encode()
    assert read_regime("BTCUSDT", regime, NOW) == Unbelievable(IN_THE_FUTURE)
    assert read_portfolio("", portfolio, NOW) == Unbelievable(IN_THE_FUTURE)
