from decimal import Decimal
from typing import Any

import pytest

from cio_decision.context import LedgerView, Reserved
from cio_decision.gates import exposure_max
from petrosa_contracts import Breach, Code, PortfolioState, Side
from tests.builders import context, intent, policy, portfolio_state, portfolio_view, position

BOOK = portfolio_state(
    position(Side.LONG, quantity=2, symbol="ETHUSDT", price=1000),
    position(Side.SHORT, quantity=15, symbol="SOLUSDT", price=100),
    equity=10_000,
)
"""A long of 2,000 USD and a short of 1,500 USD."""


def worth(usd: float, state: PortfolioState | None = BOOK, *, on_their_way: float = 600, **overrides: Any) -> Any:
    """Return what the gate finds about an order of that value, at a limit of half the equity."""
    view = portfolio_view(state) if state is not None else portfolio_view(known=False)
    circumstances = {
        "policy": policy(max_portfolio_exposure_pct=0.5),
        "portfolio": view,
        "ledger": LedgerView(reserved=Reserved(notional=Decimal(repr(on_their_way)))),
        **overrides,
    }
    return exposure_max.check(intent(quantity=usd, price=1.0, current_price=1.0), context(**circumstances))


def test_without_a_portfolio_among_the_inputs_the_gate_is_off() -> None:
    assert worth(900_000, portfolio=None) is None


@pytest.mark.parametrize("state", [None, portfolio_state(equity=None)])
def test_what_is_not_known_is_left_to_the_gate_for_stale_portfolios(state: PortfolioState | None) -> None:
    assert worth(900_000, state) is None


def test_an_order_that_ends_at_the_limit_passes_and_says_what_it_measured() -> None:
    assert worth(900) == (Decimal("0.5"), Decimal("0.5"))


def test_the_catalogues_example_is_vetoed() -> None:
    """Open are 2,000 and 1,500, on their way 600: an order of 1,000 would end at 5,100, a share of 0.51."""
    breach = worth(1000)
    assert isinstance(breach, Breach)
    assert (breach.code, breach.measured, breach.limit, breach.unit) == (Code.EXPOSURE_MAX, 0.51, 0.5, "fraction")
    assert (breach.scope, breach.version) == ("global", 3)
    assert breach.message == (
        "With 3,500 USD open and 600 on their way, this order of up to 1,000 makes 5,100 USD; "
        "0.5 of the equity of 10,000 may be open."
    )


def test_a_millionth_of_a_dollar_too_much_is_vetoed() -> None:
    assert isinstance(worth(900.000001), Breach)


def test_long_and_short_are_added_up_and_leverage_is_not_multiplied_in() -> None:
    hedged = portfolio_state(
        position(Side.LONG, quantity=2500, price=1, leverage=Decimal(100)),
        position(Side.SHORT, quantity=2400, price=1, leverage=Decimal(100)),
        equity=10_000,
    )
    assert isinstance(worth(100, hedged, on_their_way=0), tuple)
    assert isinstance(worth(101, hedged, on_their_way=0), Breach)


@pytest.mark.parametrize("equity", [0, -50])
def test_without_any_equity_nothing_may_be_opened(equity: int) -> None:
    breach = worth(21, portfolio_state(equity=equity), on_their_way=0)
    assert isinstance(breach, Breach)
    assert breach.measured is None


def test_an_order_sized_by_equity_counts_with_what_equity_makes_of_it() -> None:
    share = intent(quantity=0, position_size_pct=0.6)
    found = exposure_max.check(
        share, context(policy=policy(max_portfolio_exposure_pct=0.5), portfolio=portfolio_view(BOOK))
    )
    assert isinstance(found, Breach)
    assert found.measured == 0.95
