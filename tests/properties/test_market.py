"""What holds for any bytes on the market data subject and any answer of the exchange."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.domain.market.board import MarketBoard
from cio_strategist.domain.market.exchange_answers import read_book_tickers, read_klines, read_premium_index
from cio_strategist.domain.market.fleet_message import read_fleet_message
from cio_strategist.domain.market.listing import read_listing
from cio_strategist.domain.market.observation import CLOCK_TOLERANCE, Drop, Observation, PriceKind
from petrosa_contracts.market import MarketState
from tests.fleet_market import NOON_MS, depth20, exchange_info, kline, listed, mark_price, ticker, trade
from tests.strategist_fakes import NOON

SOUND = [trade(), ticker(), mark_price(), depth20(), kline(opened=NOON_MS - 3_600_000)]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=20)
    | st.sampled_from(["BTCUSDT", "0", "-1", "1e9", "NaN", "btcusdt@trade", "depthUpdate", NOON_MS, NOON_MS + 10**7])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def paths(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    found = [prefix] if prefix else []
    if isinstance(value, dict):
        found += [path for key, inner in value.items() for path in paths(inner, (*prefix, key))]
    elif isinstance(value, list):
        found += [path for number, inner in enumerate(value) for path in paths(inner, (*prefix, number))]
    return found


@st.composite
def damaged(draw: st.DrawFn, sound: Any) -> Any:
    """A sound JSON value with one or two places replaced by something else."""
    value = json.loads(json.dumps(sound))
    for _ in range(draw(st.integers(1, 2))):
        places = paths(value)
        if not places:
            break
        *parents, last = draw(st.sampled_from(places))
        inner = value
        for step in parents:
            inner = inner[step]
        inner[last] = draw(values)
    return value


def is_sound(observation: Observation) -> bool:
    prices = all(price.is_finite() and price > 0 for price in observation.prices.values())
    return bool(observation.prices) and prices and observation.as_of <= NOON


def check(payload: bytes) -> None:
    read = read_fleet_message(payload, received_at=NOON)
    if isinstance(read, Drop):
        return
    assert read
    for one in read:
        assert one.symbol == one.symbol.upper()
        if isinstance(one, Observation):
            assert is_sound(one)


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_told_why_not(payload: bytes) -> None:
    check(payload)


@given(st.sampled_from([json.loads(payload) for payload in SOUND]).flatmap(damaged))
def test_any_damage_to_a_message_is_taken_or_told_why_not(message: Any) -> None:
    check(json.dumps(message).encode())


@given(values)
def test_any_answer_of_the_exchange_is_taken_or_told_why_not(answer: Any) -> None:
    for read in (read_premium_index, read_book_tickers):
        assert all(isinstance(one, Drop) or is_sound(one) for one in read(answer, received_at=NOON))
    read_klines(answer)
    read_listing(answer)


@given(damaged(exchange_info("BTCUSDT", listed("ETHUSDT", status="SETTLING"))))
def test_a_damaged_listing_never_brings_a_rule_that_cannot_be(answer: Any) -> None:
    listing = read_listing(answer)
    for symbol, each in (listing.symbols if listing else {}).items():
        state = MarketState(symbol=symbol, status=each.status, rules=each.rules, rules_as_of=NOON)
        assert MarketState.model_validate_json(state.model_dump_json()) == state


@given(st.lists(st.tuples(st.integers(-10_000, 10_000), st.integers(1, 5)), max_size=30))
def test_whatever_the_order_the_board_shows_the_newest(arrivals: list[tuple[int, int]]) -> None:
    board = MarketBoard()
    listing = read_listing(exchange_info("BTCUSDT"))
    assert listing is not None
    board.take_listing(listing, read_at=NOON)
    newest: tuple[int, int] | None = None
    for offset, price in arrivals:
        at = NOON + timedelta(milliseconds=offset)
        board.observe(Observation("BTCUSDT", at, {PriceKind.LAST: Decimal(price)}))
        if newest is None or offset >= newest[0]:
            newest = (offset, price)
    (state,) = board.everything()
    shown = None if state.last is None else (state.last.as_of, state.last.price)
    wanted = None if newest is None else (NOON + timedelta(milliseconds=newest[0]), Decimal(newest[1]))
    assert shown == wanted


@given(st.integers(-10_000, 10_000))
def test_a_time_ahead_is_refused_beyond_the_tolerance_and_never_kept(offset: int) -> None:
    read = read_fleet_message(trade(at=NOON_MS + offset), received_at=NOON)
    if timedelta(milliseconds=offset) > CLOCK_TOLERANCE:
        assert read is Drop.AHEAD
    else:
        assert isinstance(read, list)
        (observation,) = read
        assert isinstance(observation, Observation)
        assert observation.as_of == NOON + timedelta(milliseconds=min(offset, 0))
