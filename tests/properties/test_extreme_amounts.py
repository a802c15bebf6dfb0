"""What holds for any number that the gate reads from Redis: it is not believed, or a decision can be made with it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cio_decision.evaluation import evaluate
from petrosa_contracts import MarketState, PortfolioState, SymbolRules
from petrosa_contracts.market import Quote
from tests.builders import (
    context,
    intent,
    market_state,
    market_view,
    portfolio_state,
    portfolio_view,
    position,
    symbol_rules,
)

EXPONENTS = st.integers(-70, 310) | st.sampled_from([-1_000_000, -999_999, -10_000, 10_000, 999_990, 999_999])
NUMBERS = st.builds("{}e{}".format, st.integers(-(10**9), 10**9), EXPONENTS)
"""Finite numbers as JSON text, of any magnitude that a decimal can have."""

LONGEST_MESSAGE = 1000
MARKET = market_state().model_dump(mode="json")
PORTFOLIO = portfolio_state(position()).model_dump(mode="json")
ACTIONS = st.sampled_from(["buy", "sell", "close"])


def _believed(model: type[MarketState | PortfolioState], fields: dict[str, Any]) -> Any:
    try:
        return model.model_validate(fields)
    except ValidationError:
        return None


def _decides(action: str, **inputs: Any) -> None:
    verdict = evaluate(intent(action=action), context(**inputs))
    assert action != "close" or verdict.approved
    assert len(verdict.message) < LONGEST_MESSAGE
    assert all(len(breach.message) < LONGEST_MESSAGE for breach in verdict.breaches)


@given(ACTIONS, st.dictionaries(st.sampled_from(["last", "mark", "bid", "ask"]), NUMBERS), NUMBERS)
def test_whatever_price_is_believed_can_be_decided_with(action: str, prices: dict[str, str], price: str) -> None:
    quotes = {name: {**MARKET[name], "price": found} for name, found in {"last": price, **prices}.items()}
    state = _believed(MarketState, {**MARKET, "bid": None, "ask": None, "mark": None, **quotes})
    _decides(action, market=market_view(state) if state else None)


@given(ACTIONS, st.dictionaries(st.sampled_from(sorted(SymbolRules.model_fields)), NUMBERS, min_size=1))
def test_whatever_rules_are_believed_can_be_decided_with(action: str, rules: dict[str, str]) -> None:
    state = _believed(MarketState, {**MARKET, "rules": {**symbol_rules().model_dump(mode="json"), **rules}})
    _decides(action, market=market_view(state) if state else None)


@given(
    ACTIONS,
    st.dictionaries(st.sampled_from(["equity", "drawdown_latched", "daily_loss_latched", "day_equity"]), NUMBERS),
    st.dictionaries(st.sampled_from(["quantity", "notional", "leverage", "entry_price"]), NUMBERS),
)
def test_whatever_portfolio_is_believed_can_be_decided_with(
    action: str, fields: dict[str, str], held: dict[str, str]
) -> None:
    open_one = {**PORTFOLIO["positions"][0], **held}
    state = _believed(PortfolioState, {**PORTFOLIO, **fields, "positions": [open_one]})
    _decides(action, portfolio=portfolio_view(state) if state else None)


@pytest.mark.parametrize("price", ["1e999999", "1e-999999", "1e300", "1e-61", "5" * 1000, "0." + "5" * 1000])
def test_a_number_of_no_market_is_not_believed(price: str) -> None:
    with pytest.raises(ValidationError):
        Quote.model_validate({**MARKET["last"], "price": price})


@pytest.mark.parametrize("price", ["0.00000001", "123456789012.12345678", str(Decimal(1) / Decimal(3)), "1E+5"])
def test_a_number_of_a_market_is_believed_as_it_is(price: str) -> None:
    assert Quote.model_validate({**MARKET["last"], "price": price}).price == Decimal(price)
