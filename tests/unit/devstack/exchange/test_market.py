import itertools
import pickle
import statistics
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstack.exchange.market import Market
from devstack.exchange.refusals import Reason, RefusedError
from devstack.exchange.rules import SYMBOLS
from tests.unit.devstack.exchange.exchanges import BTC, START

HOUR = 3_600_000


def market(seed: int = 7) -> Market:
    return Market(SYMBOLS, seed=seed, start=START)


def advance(subject: Market, seconds: int) -> None:
    subject.advance(START + seconds * 1000, lambda instant: None)


def prices(subject: Market) -> list[Decimal]:
    return [subject.last(symbol) for symbol in subject.rules]


def candles(subject: Market, interval: str, limit: int):
    return subject.candles(BTC, interval, first=None, last=START * 2, limit=limit)


@settings(max_examples=20)
@given(steps=st.lists(st.integers(0, 90), max_size=8))
def test_prices_depend_on_the_seed_and_not_on_how_time_was_stepped(steps: list[int]) -> None:
    stepped, at_once = market(), market()
    for passed in [sum(steps[:count]) for count in range(len(steps) + 1)]:
        advance(stepped, passed)
    advance(at_once, sum(steps))
    assert prices(stepped) == prices(at_once)
    assert candles(stepped, "1m", 5) == candles(at_once, "1m", 5)


def test_another_seed_is_another_market() -> None:
    one, other = market(1), market(2)
    assert prices(one) == prices(other)
    advance(one, 60)
    advance(other, 60)
    assert prices(one) != prices(other)
    assert candles(one, "1h", 3)[0] != candles(other, "1h", 3)[0]


def test_a_pickled_market_goes_on_as_if_nothing_had_happened() -> None:
    original = market()
    advance(original, 30)
    copy = pickle.loads(pickle.dumps(original))
    advance(original, 90)
    advance(copy, 90)
    assert prices(copy) == prices(original)
    assert candles(copy, "5m", 10) == candles(original, "5m", 10)


def test_prices_are_on_the_tick_and_the_ask_is_one_tick_above_the_bid() -> None:
    subject = market()
    advance(subject, 100)
    for symbol, rules in subject.rules.items():
        assert subject.last(symbol) % rules.tick == 0
        assert subject.ask(symbol) - subject.bid(symbol) == rules.tick
        assert abs(subject.mark(symbol) - subject.last(symbol)) <= rules.tick / 2


def test_symbols_move_together_as_much_as_the_correlation_says() -> None:
    subject = market()
    moves: list[tuple[float, float]] = []
    for _ in range(4000):
        before = dict(subject.walk.levels)
        subject.walk.step()
        moves.append(tuple(subject.walk.levels[each] - before[each] for each in (BTC, "ETHUSDT")))  # type: ignore[arg-type]
    correlation = statistics.correlation(*zip(*moves, strict=True))
    assert correlation == pytest.approx(subject.walk.correlation, abs=0.05)


def test_longer_candles_are_made_of_the_shorter_ones() -> None:
    subject = market()
    advance(subject, 2 * 3600)
    for hour in candles(subject, "1h", 4)[:-1]:
        minutes = subject.candles(BTC, "1m", first=hour.opened, last=hour.ended - 1, limit=60)
        assert len(minutes) == 60
        assert (hour.open, hour.close) == (minutes[0].open, minutes[-1].close)
        assert hour.high == max(each.high for each in minutes)
        assert hour.low == min(each.low for each in minutes)
        assert abs(hour.volume - sum(each.volume for each in minutes)) <= Decimal("0.1")


def test_candles_follow_each_other_without_a_gap_from_history_into_the_present() -> None:
    subject = market()
    advance(subject, 600)
    found = candles(subject, "1m", 200)
    assert len(found) == 200
    assert all(one.ended == next_.opened for one, next_ in itertools.pairwise(found))
    assert all(one.close == next_.open for one, next_ in itertools.pairwise(found))
    assert all(each.low <= min(each.open, each.close) <= max(each.open, each.close) <= each.high for each in found)
    assert found[-1].close == subject.last(BTC)


@pytest.mark.parametrize(
    ("interval", "opened"),
    [
        ("15m", datetime(2024, 3, 1, 12, 30, tzinfo=UTC)),
        ("4h", datetime(2024, 3, 1, 12, tzinfo=UTC)),
        ("1d", datetime(2024, 3, 1, tzinfo=UTC)),
        ("1w", datetime(2024, 2, 26, tzinfo=UTC)),
        ("1M", datetime(2024, 3, 1, tzinfo=UTC)),
    ],
)
def test_candles_open_where_the_calendar_says(interval: str, opened: datetime) -> None:
    found = candles(market(), interval, 2)
    assert found[-1].opened == opened.timestamp() * 1000
    assert found[-2].ended == found[-1].opened


def test_history_ends_where_the_symbol_was_listed() -> None:
    subject = market()
    found = candles(subject, "1d", 1500)
    assert len(found) == 61
    assert found[0].opened <= subject.listed_since < found[0].ended
    assert subject.candles(BTC, "1d", first=0, last=START, limit=2) == found[:2]


def test_candles_between_two_instants_open_in_between() -> None:
    subject = market()
    first = START - 5 * HOUR
    found = subject.candles(BTC, "1h", first=first, last=START - 2 * HOUR, limit=500)
    assert len(found) == 3
    assert all(first <= each.opened <= START - 2 * HOUR for each in found)


@pytest.mark.parametrize(
    ("first", "last"), [(10**17, 2 * 10**17), (START + HOUR, START + 2 * HOUR), (None, -1), (0, 5), (START, START - 1)]
)
def test_there_are_no_candles_of_the_future_or_from_before_the_listing(first: int | None, last: int) -> None:
    for interval in ("1m", "1M"):
        assert market().candles(BTC, interval, first=first, last=last, limit=5) == []


def test_an_unknown_interval_is_refused() -> None:
    for first in (None, 0):
        with pytest.raises(RefusedError) as refusal:
            market().candles(BTC, "7m", first=first, last=START, limit=5)
        assert refusal.value.reason is Reason.INVALID_INTERVAL


def test_a_crash_takes_its_percent_at_once() -> None:
    subject = market()
    subject.crash([BTC], percent=Decimal(25), seconds=0)
    assert subject.last(BTC) == Decimal(45000)
    assert subject.last("ETHUSDT") == Decimal(3000)


def test_a_slow_crash_takes_its_percent_by_its_end_and_no_more() -> None:
    calm, crashed = market(), market()
    crashed.crash(crashed.rules, percent=Decimal(40), seconds=60)
    advance(calm, 120)
    advance(crashed, 30)
    assert crashed.last(BTC) > Decimal(45000)
    advance(crashed, 120)
    for symbol in calm.rules:
        assert crashed.mark(symbol) / calm.mark(symbol) == pytest.approx(Decimal("0.6"), rel=Decimal("0.0001"))


def test_a_frozen_price_stands_still_and_so_does_its_time() -> None:
    subject = market()
    advance(subject, 10)
    subject.walk.frozen.add(BTC)
    last, at = subject.last(BTC), subject.quoted_at(BTC)
    advance(subject, 200)
    subject.crash([BTC], percent=Decimal(10), seconds=0)
    assert (subject.last(BTC), subject.quoted_at(BTC)) == (last, at)
    assert subject.quoted_at("ETHUSDT") == START + 200_000
    assert candles(subject, "1m", 1)[0].volume == 0
    subject.walk.frozen.clear()
    advance(subject, 201)
    assert subject.quoted_at(BTC) == START + 201_000
