import pytest

from cio_decision.context import PortfolioView
from cio_decision.gates.portfolio_stale import check
from petrosa_contracts import Breach, Code
from tests.builders import ago, context, intent, portfolio_state, portfolio_view


def of_age(seconds: float) -> PortfolioView:
    return portfolio_view(portfolio_state(as_of=ago(seconds)))


def test_a_fresh_portfolio_passes_and_its_age_is_measured() -> None:
    assert check(intent(), context(portfolio=of_age(3))) == (3, 15)


def test_a_stale_portfolio_restricts_the_mode_and_is_no_veto() -> None:
    assert check(intent(), context(portfolio=of_age(15))) == (15, 15)


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (of_age(16), "The portfolio is 16 seconds old, and 15 are allowed: "),
        (of_age(-10), "The portfolio is dated 10 seconds ahead of this clock: "),
        (portfolio_view(known=False), "The portfolio was never seen: "),
        (portfolio_view(portfolio_state(equity=None)), "The portfolio has no known equity: "),
    ],
)
def test_a_lost_portfolio_is_vetoed(view: PortfolioView, message: str) -> None:
    breach = check(intent(), context(portfolio=view))
    assert isinstance(breach, Breach)
    assert (breach.code, breach.limit, breach.unit) == (Code.PORTFOLIO_STALE, 15, "seconds")
    assert breach.message.startswith(message)


def test_an_account_that_owes_money_is_known() -> None:
    assert check(intent(), context(portfolio=portfolio_view(portfolio_state(equity="-5")))) == (0, 15)


def test_where_the_settings_name_no_portfolio_there_is_nothing_to_say() -> None:
    assert check(intent(), context()) is None
