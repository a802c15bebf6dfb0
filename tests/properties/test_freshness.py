"""Unknown, stale or unreadable state never means allowed: what the age of the inputs does to any intent."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cio_decision.context import Context
from cio_decision.evaluation import evaluate
from cio_decision.intent import Intent
from petrosa_contracts import Code, Mode
from tests.builders import (
    NOW,
    context,
    market_state,
    market_view,
    portfolio_state,
    portfolio_view,
    regime_status,
    regime_view,
)
from tests.intents import ENTRIES, EXITS, intents

STALE_CODES = {Code.MARKET_STALE, Code.REGIME_STALE, Code.PORTFOLIO_STALE}

AGES = st.floats(-10, 30)
"""Seconds, on both sides of the limits of market (5 and 15) and portfolio (10 and 15)."""


@st.composite
def instants(draw: st.DrawFn, ages: st.SearchStrategy[float] = AGES) -> datetime | None:
    age = draw(st.none() | ages)
    return None if age is None else NOW - timedelta(seconds=age)


@st.composite
def surroundings(draw: st.DrawFn) -> tuple[Context, set[Code], bool]:
    """Draw a context, the codes that its ages call for, and whether all of it is fresh."""
    market, portfolio = draw(instants()), draw(instants())
    symbol, whole = draw(instants(AGES.map(lambda age: age * 1000))), draw(instants(AGES.map(lambda age: age * 1000)))
    found = context(
        market=market_view(market_state(as_of=market)) if market else market_view(known=False, listed=False),
        portfolio=portfolio_view(portfolio_state(as_of=portfolio)) if portfolio else portfolio_view(known=False),
        regime=regime_view(
            symbol=regime_status(as_of=symbol) if symbol else None,
            market=regime_status(symbol=None, as_of=whole) if whole else None,
        ),
    )
    lost = {
        code
        for code, known in (
            (Code.MARKET_STALE, within(market, 15)),
            (Code.PORTFOLIO_STALE, within(portfolio, 15)),
            (Code.REGIME_STALE, within(symbol, 21_600) or within(whole, 21_600)),
        )
        if not known
    }
    regime = symbol if within(symbol, 21_600) else whole
    return found, lost, within(market, 5) and within(portfolio, 10) and within(regime, 7200)


def within(as_of: datetime | None, limit: float) -> bool:
    return as_of is not None and timedelta(seconds=-2) <= NOW - as_of <= timedelta(seconds=limit)


@given(intents(ENTRIES), surroundings())
def test_what_is_lost_vetoes_every_entry_and_what_is_stale_restricts_it(
    intent: Intent, drawn: tuple[Context, set[Code], bool]
) -> None:
    seen, lost, fresh = drawn
    verdict = evaluate(intent, seen)
    assert {breach.code for breach in verdict.breaches} & STALE_CODES == lost
    assert verdict.mode is (Mode.ACTIVE if fresh else Mode.CONSERVATIVE)


@given(intents(EXITS), surroundings())
def test_no_age_of_any_input_stops_an_exit(intent: Intent, drawn: tuple[Context, set[Code], bool]) -> None:
    verdict = evaluate(intent, drawn[0])
    assert not {breach.code for breach in verdict.breaches} & {*STALE_CODES, Code.FAILSAFE_LIMIT}
