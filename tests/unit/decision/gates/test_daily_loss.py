from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cio_decision.gates import daily_loss
from petrosa_contracts import Breach, Code, PortfolioState
from tests.builders import TODAY, context, intent, policy, portfolio_state, portfolio_view


def day(*, latched: float, equity: float = 12_000, **overrides: Any) -> PortfolioState:
    return portfolio_state(equity=equity, daily_loss_latched=Decimal(repr(latched)), **overrides)


def found(state: PortfolioState | None, limit: float = 0.03) -> Any:
    view = portfolio_view(known=False) if state is None else portfolio_view(state)
    return daily_loss.check(intent(), context(policy=policy(max_daily_loss_pct=limit), portfolio=view))


def test_without_a_portfolio_among_the_inputs_the_gate_is_off() -> None:
    assert daily_loss.check(intent(), context()) is None


@pytest.mark.parametrize("state", [None, portfolio_state(equity=None)])
def test_what_is_not_known_is_left_to_the_gate_for_stale_portfolios(state: PortfolioState | None) -> None:
    assert found(state) is None


def test_a_loss_of_exactly_the_limit_passes() -> None:
    assert found(day(latched=360)) == (Decimal("0.03"), Decimal("0.03"))


def test_a_loss_a_cent_beyond_is_vetoed() -> None:
    assert isinstance(found(day(latched=360.01)), Breach)


def test_the_catalogues_example_stays_vetoed_though_the_loss_recovers() -> None:
    """380 USD were lost by noon and are 290 by the afternoon; the limit is 0.03 x 12,000 = 360."""
    breach = found(day(latched=380, daily_loss=Decimal(290)))
    assert isinstance(breach, Breach)
    assert (breach.code, breach.limit, breach.unit) == (Code.DAILY_LOSS, 0.03, "fraction")
    assert breach.measured == pytest.approx(380 / 12_000)
    assert breach.message == (
        "380 USD were lost today, more than 0.03 of the 12,000 that the day began with: "
        "only exits pass until midnight UTC or until an operator clears it."
    )


def test_a_loss_that_readings_have_not_agreed_on_does_not_count() -> None:
    assert found(day(latched=0, daily_loss=Decimal(5000))) == (Decimal(0), Decimal("0.03"))


@pytest.mark.parametrize("off", [-1, 1])
def test_a_loss_of_another_day_does_not_count(off: int) -> None:
    assert found(day(latched=5000, day=TODAY + timedelta(days=off))) == (Decimal(0), Decimal("0.03"))


def test_where_the_days_start_is_missing_the_equity_of_now_is_the_base() -> None:
    assert isinstance(found(day(latched=301, equity=10_000, day_equity=None)), Breach)
    assert isinstance(found(day(latched=300, equity=10_000, day_equity=None)), tuple)


def test_a_loss_with_no_equity_to_lose_is_vetoed() -> None:
    breach = found(day(latched=1, equity=0))
    assert isinstance(breach, Breach)
    assert breach.measured is None
