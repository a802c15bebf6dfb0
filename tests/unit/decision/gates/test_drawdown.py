from decimal import Decimal
from typing import Any

from cio_decision.gates import drawdown
from petrosa_contracts import Breach, Code
from tests.builders import context, intent, portfolio_state, portfolio_view


def found(latched: str, **state: Any) -> Any:
    view = portfolio_view(portfolio_state(drawdown_latched=Decimal(latched), **state), drawdown_limit=Decimal("0.2"))
    return drawdown.check(intent(), context(portfolio=view))


def test_without_a_portfolio_the_gate_is_off() -> None:
    assert drawdown.check(intent(), context()) is None
    assert drawdown.check(intent(), context(portfolio=portfolio_view(known=False))) is None


def test_a_fall_to_the_limit_passes() -> None:
    assert found("0.2") == (Decimal("0.2"), Decimal("0.2"))


def test_a_fall_beyond_it_is_vetoed_even_after_a_recovery() -> None:
    breach = found("0.25", drawdown=Decimal("0.01"))
    assert isinstance(breach, Breach)
    assert (breach.code, breach.measured, breach.limit, breach.unit) == (Code.DRAWDOWN, 0.25, 0.2, "fraction")
    assert (breach.scope, breach.version) == (None, None)
    assert breach.message == (
        "Equity fell 25 % below its peak, more than 20 %: only exits pass until an operator clears it."
    )


def test_a_fall_that_readings_have_not_agreed_on_does_not_count() -> None:
    assert found("0", drawdown=Decimal("0.5")) == (Decimal(0), Decimal("0.2"))
