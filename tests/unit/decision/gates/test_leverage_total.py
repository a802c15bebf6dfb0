from decimal import Decimal
from typing import Any

from cio_decision.context import LedgerView, Reserved
from cio_decision.gates import leverage_total
from petrosa_contracts import Breach, Code, PortfolioState
from tests.builders import context, intent, policy, portfolio_state, portfolio_view, position


def book(*leverages: int | None) -> PortfolioState:
    positions = (
        position(symbol=f"S{number}USDT", leverage=None if leverage is None else Decimal(leverage))
        for number, leverage in enumerate(leverages)
    )
    return portfolio_state(*positions)


FIVE = book(10, 10, 10, 10, 15)


def found(
    leverage: int, state: PortfolioState | None = FIVE, *, cap: int = 60, on_their_way: int = 0, **more: Any
) -> Any:
    circumstances = context(
        policy=policy(leverage=leverage, portfolio_leverage_cap=cap),
        portfolio=portfolio_view(known=False) if state is None else portfolio_view(state),
        ledger=LedgerView(reserved=Reserved(leverage=Decimal(on_their_way))),
    )
    return leverage_total.check(intent(**more), circumstances)


def test_without_a_portfolio_among_the_inputs_the_gate_is_off() -> None:
    assert leverage_total.check(intent(), context(policy=policy(portfolio_leverage_cap=1))) is None


def test_an_unknown_portfolio_is_left_to_the_gate_for_stale_portfolios() -> None:
    assert found(10, None, cap=1) is None


def test_a_cap_of_zero_is_none() -> None:
    assert found(125, cap=0) is None


def test_the_catalogues_example_a_sixth_at_five_equals_the_cap_and_passes() -> None:
    assert found(5) == (Decimal(60), 60)


def test_at_ten_it_is_vetoed() -> None:
    breach = found(10)
    assert isinstance(breach, Breach)
    assert (breach.code, breach.measured, breach.limit, breach.unit) == (Code.LEVERAGE_TOTAL, 65.0, 60, "x")
    assert breach.message == (
        "With 55x open and 0x on their way, this order at 10x makes 65x, and the book may have 60x."
    )


def test_after_closing_the_one_at_fifteen_two_more_at_ten_fit() -> None:
    four = book(10, 10, 10, 10)
    assert found(10, four) == (Decimal(50), 60)
    assert found(10, four, on_their_way=10) == (Decimal(60), 60)
    assert isinstance(found(10, four, on_their_way=20), Breach)


def test_a_recommended_leverage_counts_where_it_is_more() -> None:
    assert isinstance(found(5, recommended_leverage=5.5), Breach)
    assert found(5, recommended_leverage=3) == (Decimal(60), 60)


def test_adding_to_an_open_position_adds_its_leverage_while_it_is_on_its_way() -> None:
    assert isinstance(found(10, book(10), cap=19, symbol="S0USDT"), Breach)


def test_a_leverage_that_is_not_known_counts_as_the_highest_there_is() -> None:
    assert isinstance(found(10, book(None), cap=134), Breach)
    assert found(10, book(None), cap=135) == (Decimal(135), 135)
