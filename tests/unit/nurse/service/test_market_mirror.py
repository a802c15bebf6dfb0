from collections.abc import MutableMapping
from decimal import Decimal
from typing import Any

import pytest

from cio_decision.freshness import Freshness
from cio_nurse.service import market_mirror as module
from cio_nurse.service.market_mirror import MANY, WHOLE_SECONDS, MarketMirror
from tests.builders import SYMBOL, ago, market_state
from tests.fakes import FakeClock, eventually, following
from tests.redis_fakes import FakeInputStore, FakeRedis
from tests.wiring import MARKET_AGES

Events = list[MutableMapping[str, Any]]


@pytest.fixture
def store(redis: FakeRedis) -> FakeInputStore:
    return FakeInputStore(redis)


@pytest.fixture
def mirror(store: FakeInputStore, clock: FakeClock) -> MarketMirror:
    return MarketMirror(store, clock, MARKET_AGES, band_share=Decimal("0.05"), tolerance_seconds=2)


def price_of(mirror: MarketMirror, clock: FakeClock, symbol: str = SYMBOL) -> Decimal | None:
    live = mirror.view_for(symbol, clock.now()).live
    return None if live is None else live.price


def names_of(events: Events) -> list[str]:
    return [event["event"] for event in events]


class TestWhatIsKnown:
    async def test_before_the_first_answer_nothing_is_known_and_no_symbol_called_unlisted(
        self, mirror: MarketMirror, clock: FakeClock
    ) -> None:
        view = mirror.view_for(SYMBOL, clock.now())
        assert (view.state, view.listed) == (None, False)
        assert mirror.standing(clock.now()).is_lost

    async def test_a_symbol_is_shown_as_it_is_stored(
        self, mirror: MarketMirror, redis: FakeRedis, clock: FakeClock
    ) -> None:
        redis.write_market(market_state(price=51_000))
        await mirror.refresh()
        view = mirror.view_for(SYMBOL, clock.now())
        assert (view.state, view.listed) == (market_state(price=51_000), True)
        assert (view.ages, view.band_share) == (MARKET_AGES, Decimal("0.05"))

    async def test_a_view_is_made_once_for_each_change(
        self, mirror: MarketMirror, redis: FakeRedis, clock: FakeClock
    ) -> None:
        redis.write_market(market_state())
        await mirror.refresh()
        first = mirror.view_for(SYMBOL, clock.now())
        mirror.announce(())
        await mirror.refresh()
        assert mirror.view_for(SYMBOL, clock.now()) is first

    async def test_a_symbol_that_is_not_stored_is_unlisted_while_the_market_is_known(
        self, mirror: MarketMirror, redis: FakeRedis, clock: FakeClock
    ) -> None:
        redis.write_market(market_state())
        await mirror.refresh()
        assert mirror.view_for("NOSUCHUSDT", clock.now()).listed
        clock.jump(15.1)
        assert not mirror.view_for("NOSUCHUSDT", clock.now()).listed

    async def test_a_symbol_that_cannot_be_read_is_not_called_unlisted(
        self, mirror: MarketMirror, redis: FakeRedis, clock: FakeClock
    ) -> None:
        redis.write_market(market_state())
        redis.market["ETHUSDT"] = b"{"
        await mirror.refresh()
        view = mirror.view_for("ETHUSDT", clock.now())
        assert (view.state, view.listed) == (None, False)
        assert mirror.refused == 1

    async def test_the_market_as_a_whole_is_as_old_as_its_newest_price(
        self, mirror: MarketMirror, redis: FakeRedis, clock: FakeClock
    ) -> None:
        redis.write_market(market_state(as_of=ago(60)), market_state(symbol="ETHUSDT", as_of=ago(6)))
        await mirror.refresh()
        found = mirror.standing(clock.now())
        assert (found.freshness, found.age_seconds) == (Freshness.STALE, 6)

    async def test_six_hundred_symbols_are_all_read(
        self, mirror: MarketMirror, redis: FakeRedis, clock: FakeClock
    ) -> None:
        redis.write_market(*(market_state(symbol=f"S{number}USDT", price=number + 1) for number in range(600)))
        await mirror.refresh()
        assert [price_of(mirror, clock, f"S{number}USDT") for number in range(600)] == [*range(1, 601)]


class TestWhatIsNotBelieved:
    @pytest.mark.parametrize(
        "stored",
        [
            b"{",
            market_state(symbol="ETHUSDT").model_dump_json().encode(),
            market_state(price=99_000, as_of=ago(-60)).model_dump_json().encode(),
        ],
    )
    async def test_the_last_good_value_stays_and_grows_old(
        self, mirror: MarketMirror, redis: FakeRedis, clock: FakeClock, log_events: Events, stored: bytes
    ) -> None:
        redis.write_market(market_state(price=50_000))
        await mirror.refresh()
        redis.market[SYMBOL] = stored
        mirror.announce({SYMBOL})
        await mirror.refresh()
        assert price_of(mirror, clock) == 50_000
        clock.jump(15.1)
        known = mirror.view_for(SYMBOL, clock.now()).standing(clock.now(), 2)
        assert known is not None
        assert known.is_lost
        (event,) = [event for event in log_events if event["event"] == "input_not_believed"]
        assert (event["fields"], event["count"], event["log_level"]) == ([SYMBOL], 1, "error")

    async def test_one_fault_is_logged_once_and_its_end_too(
        self, mirror: MarketMirror, redis: FakeRedis, log_events: Events
    ) -> None:
        for number in range(5):
            redis.market = {f"S{symbol}USDT": b"{%d" % number for symbol in range(600)}
            mirror.announce(())
            await mirror.refresh()
        assert names_of(log_events).count("input_not_believed") == 1
        assert mirror.refused == 600
        redis.market = {}
        redis.write_market(market_state())
        mirror.announce(())
        await mirror.refresh()
        assert names_of(log_events).count("input_believed_again") == 1
        assert mirror.refused == 0

    async def test_the_bytes_that_were_believed_before_are_believed_again(
        self, mirror: MarketMirror, redis: FakeRedis, log_events: Events
    ) -> None:
        redis.write_market(market_state())
        good = dict(redis.market)
        await mirror.refresh()
        for stored in ({SYMBOL: b"{"}, good):
            redis.market = dict(stored)
            mirror.announce({SYMBOL})
            await mirror.refresh()
        assert names_of(log_events) == ["input_not_believed", "input_believed_again"]
        assert mirror.refused == 0

    async def test_a_value_from_the_future_is_believed_when_its_time_has_come(
        self, mirror: MarketMirror, redis: FakeRedis, clock: FakeClock
    ) -> None:
        redis.write_market(market_state(price=51_000, as_of=ago(-10)))
        await mirror.refresh()
        assert price_of(mirror, clock) is None
        clock.jump(8)
        mirror.announce(())
        await mirror.refresh()
        assert price_of(mirror, clock) == 51_000

    async def test_after_the_clock_went_back_what_is_known_is_lost_until_it_is_right_again(
        self, mirror: MarketMirror, redis: FakeRedis, clock: FakeClock
    ) -> None:
        redis.write_market(market_state())
        await mirror.refresh()
        clock.step_back(3600)
        known = mirror.view_for(SYMBOL, clock.now()).standing(clock.now(), 2)
        assert known is not None
        assert known.is_lost
        assert mirror.standing(clock.now()).reason == "the market data is dated 3600 seconds ahead of this clock"
        clock.step_back(-3600)
        assert mirror.standing(clock.now()).is_fresh

    async def test_a_symbol_that_left_the_store_grows_old_and_is_not_called_unlisted(
        self, mirror: MarketMirror, redis: FakeRedis, clock: FakeClock
    ) -> None:
        redis.write_market(market_state(), market_state(symbol="ETHUSDT"))
        await mirror.refresh()
        del redis.market[SYMBOL]
        mirror.announce(())
        await mirror.refresh()
        assert price_of(mirror, clock) == 50_000


class TestFollowing:
    async def test_only_what_was_announced_is_read(
        self, mirror: MarketMirror, redis: FakeRedis, store: FakeInputStore, clock: FakeClock
    ) -> None:
        redis.write_market(market_state(), market_state(symbol="ETHUSDT"))
        await mirror.refresh()
        redis.write_market(market_state(price=51_000), market_state(symbol="ETHUSDT", price=51_000))
        mirror.announce({SYMBOL})
        await mirror.refresh()
        assert store.market_reads == [None, {SYMBOL}]
        assert (price_of(mirror, clock), price_of(mirror, clock, "ETHUSDT")) == (51_000, 50_000)

    async def test_without_an_announcement_nothing_is_read_until_all_of_it_is_due(
        self, mirror: MarketMirror, redis: FakeRedis, store: FakeInputStore, clock: FakeClock
    ) -> None:
        await mirror.refresh()
        await mirror.refresh()
        assert store.market_reads == [None]
        clock.jump(WHOLE_SECONDS)
        redis.market[SYMBOL] = market_state(price=51_000).model_dump_json().encode()
        await mirror.refresh()
        assert store.market_reads == [None, None]
        assert price_of(mirror, clock) == 51_000

    async def test_very_many_announced_symbols_are_read_as_all(
        self, mirror: MarketMirror, store: FakeInputStore
    ) -> None:
        await mirror.refresh()
        mirror.announce([f"S{number}" for number in range(MANY)])
        await mirror.refresh()
        assert store.market_reads == [None, None]

    async def test_an_announcement_is_followed_at_once_and_what_comes_meanwhile_together(
        self, mirror: MarketMirror, redis: FakeRedis, store: FakeInputStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "PAUSE_SECONDS", 0.02)
        async with following(mirror):
            await eventually(lambda: store.market_reads == [None, None])
            redis.write_market(market_state())
            redis.write_market(market_state(symbol="ETHUSDT"))
            redis.write_market(market_state(symbol="XRPUSDT"))
            await eventually(lambda: len(store.market_reads) == 3)
            assert store.market_reads[-1] == {SYMBOL, "ETHUSDT", "XRPUSDT"}

    async def test_after_an_outage_all_is_read_again(
        self,
        mirror: MarketMirror,
        redis: FakeRedis,
        clock: FakeClock,
        log_events: Events,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
        monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
        redis.write_market(market_state())
        async with following(mirror):
            redis.stop()
            await eventually(lambda: "market_announcements_lost" in names_of(log_events))
            redis.market[SYMBOL] = market_state(price=51_000).model_dump_json().encode()
            assert price_of(mirror, clock) == 50_000
            redis.recover()
            await eventually(lambda: price_of(mirror, clock) == 51_000)

    async def test_what_was_announced_to_a_store_that_then_went_away_is_read_when_it_is_back(
        self, mirror: MarketMirror, redis: FakeRedis, store: FakeInputStore, clock: FakeClock, log_events: Events
    ) -> None:
        redis.write_market(market_state())
        await mirror.refresh()
        redis.write_market(market_state(price=51_000))
        redis.hang()
        for _ in range(3):
            mirror.announce({SYMBOL})
            await mirror.refresh()
        assert price_of(mirror, clock) == 50_000
        redis.recover()
        await mirror.refresh()
        assert (price_of(mirror, clock), store.market_reads[-1]) == (51_000, None)
        assert [event["event"] for event in log_events if event["log_level"] == "error"] == ["input_not_read"]

    async def test_a_key_of_another_type_is_an_error_of_its_own(
        self, mirror: MarketMirror, redis: FakeRedis, clock: FakeClock, log_events: Events
    ) -> None:
        redis.write_market(market_state())
        await mirror.refresh()
        redis.wrong_types = {"market"}
        for _ in range(3):
            mirror.announce({SYMBOL})
            await mirror.refresh()
        assert price_of(mirror, clock) == 50_000
        (event,) = [event for event in log_events if event["log_level"] == "error"]
        assert "WRONGTYPE" in event["error"]
