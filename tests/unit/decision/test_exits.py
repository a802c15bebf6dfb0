from decimal import Decimal
from typing import Any

import pytest

from cio_decision.context import LedgerView, Reserved
from cio_decision.exits import increases_risk
from petrosa_contracts import Side
from tests.builders import ago, context, intent, policy, portfolio_state, portfolio_view, position

LONG = position(Side.LONG, quantity="0.1")
"""0.1 BTCUSDT."""


def netted(*positions: Any, **overrides: Any) -> Any:
    """Return a context of an account that nets."""
    state = portfolio_state(*positions, **{"position_mode": "one-way", **overrides.pop("state", {})})
    fields = {"policy": policy(position_mode="one-way"), "portfolio": portfolio_view(state), **overrides}
    return context(**fields)


def sell(quantity: float, **overrides: Any) -> Any:
    return intent(**{"action": "sell", "quantity": quantity, **overrides})


def test_closing_and_holding_never_increase_risk() -> None:
    assert not increases_risk(intent(action="close"), context())
    assert not increases_risk(intent(action="hold"), context())


def test_a_sell_within_the_long_reduces_where_the_account_nets() -> None:
    assert not increases_risk(sell(0.05), netted(LONG))


def test_a_sell_of_all_of_it_reduces() -> None:
    assert not increases_risk(sell(0.1), netted(LONG))


def test_a_buy_reduces_a_short() -> None:
    assert not increases_risk(intent(quantity=0.1), netted(position(Side.SHORT, quantity="0.1")))


def test_a_sell_beyond_the_long_opens() -> None:
    assert increases_risk(sell(0.100001), netted(LONG))


def test_what_is_on_its_way_out_cannot_be_sold_again() -> None:
    leaving = LedgerView(reserved=Reserved(exiting=Decimal("0.06")))
    assert not increases_risk(sell(0.04), netted(LONG, ledger=leaving))
    assert increases_risk(sell(0.05), netted(LONG, ledger=leaving))


def test_adding_to_a_position_opens() -> None:
    assert increases_risk(intent(quantity=0.05), netted(LONG))


def test_without_a_position_of_its_symbol_a_sell_opens() -> None:
    assert increases_risk(sell(0.05), netted(position(symbol="ETHUSDT")))


@pytest.mark.parametrize(
    "circumstances",
    [
        {"policy": policy(position_mode="hedge")},
        {"state": {"position_mode": "hedge"}},
        {"state": {"position_mode": None}},
        {"state": {"as_of": ago(15.1)}},
        {"portfolio": None},
        {"portfolio": portfolio_view(known=False)},
    ],
    ids=["hedge by policy", "hedge account", "unknown account", "stale", "no input", "unknown"],
)
def test_a_sell_opens_unless_it_is_sure_that_the_account_nets(circumstances: dict[str, Any]) -> None:
    overrides = dict(circumstances)
    assert increases_risk(sell(0.05), netted(LONG, **overrides))


@pytest.mark.parametrize("fields", [{"quantity": 0}, {"quantity": 0.05, "position_size_pct": 0.01}])
def test_an_order_that_an_engine_sizes_opens(fields: dict[str, Any]) -> None:
    assert increases_risk(sell(**fields), netted(LONG))


def test_an_order_that_engines_raise_to_more_than_the_position_opens() -> None:
    """The exchange takes no order below 0.001 BTC, so engines would order that and flip the position."""
    dust = position(Side.LONG, quantity="0.0005")
    assert increases_risk(sell(0.0005), netted(dust))
    assert not increases_risk(intent(action="close"), netted(dust))
