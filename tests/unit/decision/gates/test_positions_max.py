from typing import Any

import pytest

from cio_decision.context import LedgerView, Reserved
from cio_decision.gates import positions_max
from petrosa_contracts import Breach, Code, PortfolioState, Side
from tests.builders import context, intent, policy, portfolio_state, portfolio_view, position

BOOK = portfolio_state(
    position(symbol="BTCUSDT"),
    position(Side.SHORT, symbol="BTCUSDT"),
    position(symbol="ETHUSDT"),
    position(symbol="SOLUSDT"),
)
"""Longs in BTC, ETH and SOL, and BTC short as well: four positions."""


def found(*, on_their_way: int, state: PortfolioState | None = BOOK, limit: int = 6, **fields: Any) -> Any:
    view = portfolio_view(known=False) if state is None else portfolio_view(state)
    circumstances = context(
        policy=policy(max_concurrent_positions=limit),
        portfolio=view,
        ledger=LedgerView(reserved=Reserved(positions=on_their_way)),
    )
    return positions_max.check(intent(**{"symbol": "ADAUSDT", **fields}), circumstances)


def test_without_a_portfolio_among_the_inputs_the_gate_is_off() -> None:
    assert positions_max.check(intent(), context(policy=policy(max_concurrent_positions=1))) is None


def test_an_unknown_portfolio_is_left_to_the_gate_for_stale_portfolios() -> None:
    assert found(on_their_way=100, state=None) is None


def test_the_catalogues_example_a_new_symbol_makes_six_and_passes() -> None:
    assert found(on_their_way=1) == (6, 6)


def test_the_next_new_one_is_vetoed() -> None:
    breach = found(on_their_way=2)
    assert isinstance(breach, Breach)
    assert (breach.code, breach.measured, breach.limit, breach.unit) == (Code.POSITIONS_MAX, 7, 6, "count")
    assert breach.message == "4 positions are open and 2 on their way; ADAUSDT LONG would make 7, and 6 may be open."


def test_adding_to_an_open_position_opens_none() -> None:
    assert found(on_their_way=2, symbol="ETHUSDT") is None


def test_the_other_side_of_an_open_symbol_is_a_position_of_its_own() -> None:
    assert isinstance(found(on_their_way=2, symbol="ETHUSDT", action="sell"), Breach)
    assert found(on_their_way=2, symbol="BTCUSDT", action="sell") is None


@pytest.mark.parametrize("limit", [1, 4])
def test_a_limit_that_was_lowered_below_what_is_open_lets_nothing_new_open(limit: int) -> None:
    assert isinstance(found(on_their_way=0, limit=limit), Breach)
