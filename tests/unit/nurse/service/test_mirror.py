import asyncio
from collections import Counter
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest

from cio_nurse.service import mirror as mirror_module
from cio_nurse.service.mirror import Mirror, View
from cio_nurse.service.modes import SystemMode
from petrosa_contracts import Mode, Side
from tests.builders import STRATEGY, SYMBOL, TODAY, control_entry, layer, stored_control, stored_policy, trades
from tests.fakes import FakeClock, eventually, following, settled
from tests.redis_fakes import FakePolicyStore, FakeRedis
from tests.wiring import AGES


@pytest.fixture
def store(redis: FakeRedis) -> FakePolicyStore:
    return FakePolicyStore(redis)


@pytest.fixture
def mirror(store: FakePolicyStore, clock: FakeClock) -> Mirror:
    return Mirror(store, clock, AGES, refusal=lambda: "")


def limit_of(mirror: Mirror) -> object:
    return mirror.view.policy_for(SYMBOL, STRATEGY, Side.LONG)["max_daily_trades"]


class TestBeforeTheFirstPolicy:
    async def test_the_gate_is_blind_until_the_store_answers(self, mirror: Mirror) -> None:
        assert mirror.system_mode().mode is Mode.BLIND
        assert (mirror.view.epoch, mirror.policy_age_seconds) == (None, None)

    async def test_a_store_that_nobody_wrote_to_leaves_it_blind(self, mirror: Mirror) -> None:
        await mirror.refresh()
        assert mirror.system_mode().mode is Mode.BLIND
        assert "no policy was ever written" in mirror.system_mode().reason

    async def test_an_empty_policy_with_an_epoch_is_the_defaults(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy={})
        await mirror.refresh()
        assert mirror.system_mode().mode is Mode.ACTIVE
        assert (mirror.view.epoch, limit_of(mirror)) == (1, 100)

    async def test_an_unreadable_first_policy_leaves_it_blind_and_named(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy={"global": b"{"})
        await mirror.refresh()
        assert mirror.system_mode().mode is Mode.BLIND
        assert "'global'" in mirror.system_mode().reason
        assert mirror.view.epoch is None

    async def test_waiting_for_the_first_policy_ends_when_it_is_there(self, mirror: Mirror, redis: FakeRedis) -> None:
        waiting = asyncio.create_task(mirror.until_loaded())
        await mirror.refresh()
        await settled()
        assert not waiting.done()
        redis.write(policy={})
        await mirror.refresh()
        await waiting


class TestFollowing:
    async def test_a_changed_epoch_brings_the_new_policy(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy=stored_policy(layer("global", max_daily_trades=5)))
        await mirror.refresh()
        redis.write(policy=stored_policy(layer("global", version=4, max_daily_trades=3)))
        await mirror.refresh()
        assert (limit_of(mirror), mirror.view.epoch) == (3, 2)

    async def test_an_unchanged_epoch_is_confirmed_without_reading_policy(
        self, mirror: Mirror, redis: FakeRedis, store: FakePolicyStore, clock: FakeClock
    ) -> None:
        redis.write(policy={})
        await mirror.refresh()
        clock.jump(4)
        await mirror.refresh()
        assert store.policy_reads == 1
        assert mirror.policy_age_seconds == 0

    async def test_an_epoch_that_went_back_is_followed_too(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.epoch = 9
        redis.write(policy={})
        await mirror.refresh()
        redis.epoch = 3
        redis.policy = stored_policy(layer("global", max_daily_trades=2))
        await mirror.refresh()
        assert (mirror.view.epoch, limit_of(mirror)) == (3, 2)

    async def test_control_is_read_with_policy(self, mirror: Mirror, redis: FakeRedis, clock: FakeClock) -> None:
        redis.write(policy={}, control=stored_control(symbol_BTCUSDT=control_entry(Mode.HALTED)))
        await mirror.refresh()
        deciding = mirror.view.control.deciding(symbol=SYMBOL, strategy_id=STRATEGY, now=clock.now())
        assert deciding is not None
        assert (deciding.scope, deciding.entry.mode) == ("symbol:BTCUSDT", Mode.HALTED)

    async def test_a_view_that_was_handed_out_never_changes(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy=stored_policy(layer("global", max_daily_trades=5)))
        await mirror.refresh()
        before = mirror.view
        redis.write(policy=stored_policy(layer("global", max_daily_trades=3)))
        await mirror.refresh()
        assert before.policy_for(SYMBOL, STRATEGY, Side.LONG)["max_daily_trades"] == 5

    async def test_the_policy_of_an_order_is_resolved_once_per_snapshot(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy={})
        await mirror.refresh()
        first = mirror.view.policy_for(SYMBOL, STRATEGY, Side.LONG)
        assert mirror.view.policy_for(SYMBOL, STRATEGY, Side.LONG) is first
        assert mirror.view.policy_for(SYMBOL, STRATEGY, Side.SHORT) is not first

    async def test_what_is_announced_is_read_at_once(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy={})
        async with following(mirror):
            assert mirror.view.epoch == 1
            redis.write(policy=stored_policy(layer("global", max_daily_trades=3)))
            await settled()
            assert limit_of(mirror) == 3

    async def test_a_store_that_was_replaced_under_the_same_epoch_is_read_again(
        self, mirror: Mirror, redis: FakeRedis
    ) -> None:
        redis.write(policy=stored_policy(layer("global", max_daily_trades=5)))
        async with following(mirror):
            redis.policy = stored_policy(layer("global", max_daily_trades=3))
            redis.announce()
            await settled()
            assert limit_of(mirror) == 3

    async def test_a_replaced_store_that_could_not_be_read_is_read_the_next_time(
        self, mirror: Mirror, redis: FakeRedis, store: FakePolicyStore
    ) -> None:
        redis.write(policy=stored_policy(layer("global", max_daily_trades=5)))
        async with following(mirror):
            redis.policy = stored_policy(layer("global", max_daily_trades=3))
            store.before_policy_read = redis.hang
            redis.announce()
            await settled()
            assert mirror.system_mode().mode is Mode.CONSERVATIVE
            store.before_policy_read = lambda: None
            redis.recover()
        await mirror.refresh()
        assert (mirror.system_mode().mode, limit_of(mirror)) == (Mode.ACTIVE, 3)

    async def test_between_changes_the_store_is_left_alone(
        self, mirror: Mirror, redis: FakeRedis, store: FakePolicyStore
    ) -> None:
        redis.write(policy={})
        async with following(mirror):
            redis.announce()
            await settled()
            before = store.pulse_reads
            await settled()
            assert store.pulse_reads == before

    async def test_an_away_store_is_not_asked_without_a_pause(
        self, mirror: Mirror, redis: FakeRedis, store: FakePolicyStore
    ) -> None:
        redis.stop()
        async with following(mirror):
            await settled()
            assert (store.attempts_to_listen, store.pulse_reads) == (1, 1)

    async def test_a_change_that_was_not_announced_is_seen_at_the_next_comparison(
        self, mirror: Mirror, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mirror_module, "POLL_SECONDS", 0.001)
        redis.write(policy={})
        async with following(mirror):
            redis.epoch = 2
            await eventually(lambda: mirror.view.epoch == 2)

    async def test_announcements_are_followed_again_after_an_outage(
        self, mirror: Mirror, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mirror_module, "POLL_SECONDS", 0.001)
        redis.write(policy={})
        async with following(mirror):
            redis.stop()
            await eventually(lambda: mirror.system_mode().mode is Mode.CONSERVATIVE and redis.listeners == [])
            redis.recover()
            await eventually(lambda: mirror.system_mode().mode is Mode.ACTIVE and len(redis.listeners) == 1)

    async def test_a_store_that_is_found_away_elsewhere_is_looked_at_at_once(
        self, mirror: Mirror, redis: FakeRedis
    ) -> None:
        redis.write(policy={})
        async with following(mirror):
            mirror.store_lost()
            assert mirror.system_mode().mode is Mode.CONSERVATIVE
            await settled()
            assert mirror.system_mode().mode is Mode.ACTIVE


class TestFailing:
    @pytest.fixture(autouse=True)
    async def _loaded(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy=stored_policy(layer("global", max_daily_trades=5)))
        await mirror.refresh()

    @pytest.mark.parametrize("fail", ["stop", "hang"])
    async def test_a_store_that_does_not_answer_makes_it_conservative_on_the_last_policy(
        self, mirror: Mirror, redis: FakeRedis, fail: str
    ) -> None:
        getattr(redis, fail)()
        await mirror.refresh()
        assert mirror.system_mode().mode is Mode.CONSERVATIVE
        assert limit_of(mirror) == 5
        redis.recover()
        await mirror.refresh()
        assert mirror.system_mode().mode is Mode.ACTIVE

    async def test_a_store_away_for_longer_than_the_hard_age_makes_it_blind(
        self, mirror: Mirror, redis: FakeRedis, clock: FakeClock
    ) -> None:
        redis.stop()
        await mirror.refresh()
        clock.jump(3601)
        assert mirror.system_mode().mode is Mode.BLIND

    async def test_a_lost_epoch_is_not_taken_for_an_empty_policy(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.lose_everything()
        await mirror.refresh()
        assert mirror.system_mode().mode is Mode.CONSERVATIVE
        assert mirror.system_mode().reason.startswith("the store has lost its policy epoch, which cio-policy rebuild")
        assert (limit_of(mirror), mirror.view.epoch) == (5, 1)

    async def test_without_an_epoch_what_was_set_before_still_holds_and_so_does_what_is_set_since(
        self, mirror: Mirror, redis: FakeRedis, clock: FakeClock
    ) -> None:
        redis.write(control=stored_control(symbol_BTCUSDT=control_entry(Mode.HALTED)))
        await mirror.refresh()
        redis.lose_everything()
        redis.control = stored_control(symbol_ETHUSDT=control_entry(Mode.HALTED))
        for _ in range(3):
            await mirror.refresh()
        assert mirror.view.control.in_force(clock.now()).keys() == {"symbol:BTCUSDT", "symbol:ETHUSDT"}
        assert all(len(entries) == 1 for entries in mirror.view.control.entries.values())
        assert mirror.system_mode().mode is Mode.CONSERVATIVE
        redis.write(policy={})
        await mirror.refresh()
        assert mirror.view.control.in_force(clock.now()).keys() == {"symbol:ETHUSDT"}

    async def test_an_epoch_that_is_lost_while_policy_is_read_is_noticed(
        self, mirror: Mirror, redis: FakeRedis, store: FakePolicyStore
    ) -> None:
        redis.write(policy={})
        store.before_policy_read = redis.lose_everything
        await mirror.refresh()
        assert mirror.system_mode().mode is Mode.CONSERVATIVE
        assert (limit_of(mirror), mirror.view.epoch) == (5, 1)

    async def test_a_policy_that_cannot_be_read_leaves_the_last_good_one(
        self, mirror: Mirror, redis: FakeRedis
    ) -> None:
        redis.write(policy={"global": b'{"scope": "global", "version": 1, "parameters": {"max_daily_trades": -1}}'})
        await mirror.refresh()
        assert mirror.system_mode().mode is Mode.CONSERVATIVE
        assert "'global'" in mirror.system_mode().reason
        assert (limit_of(mirror), mirror.view.epoch) == (5, 1)

    @pytest.mark.parametrize(
        ("epoch", "wrong", "reason"),
        [
            ("seven", set[str](), "cio:policy:epoch in Redis is no whole number: 'seven'"),
            ("", {"control"}, "cio:control in Redis holds another type of value than it should"),
        ],
    )
    async def test_a_store_that_answers_nonsense_is_not_told_to_be_away(
        self, mirror: Mirror, redis: FakeRedis, epoch: str, wrong: set[str], reason: str
    ) -> None:
        redis.write(policy=stored_policy(layer("global", max_daily_trades=4)))
        redis.epoch_text, redis.wrong_types = epoch, wrong
        await mirror.refresh()
        assert mirror.system_mode() == SystemMode(Mode.CONSERVATIVE, reason)
        assert limit_of(mirror) == 5
        redis.epoch_text, redis.wrong_types = "", set()
        await mirror.refresh()
        assert (mirror.system_mode().mode, limit_of(mirror)) == (Mode.ACTIVE, 4)

    async def test_control_holds_although_policy_beside_it_cannot_be_read(
        self, mirror: Mirror, redis: FakeRedis, clock: FakeClock
    ) -> None:
        frozen = stored_control(**{"global": control_entry(Mode.FROZEN)})
        redis.write(policy={"global": b"{"}, control=frozen)
        await mirror.refresh()
        deciding = mirror.view.control.deciding(symbol=SYMBOL, strategy_id=STRATEGY, now=clock.now())
        assert deciding is not None
        assert deciding.entry.mode is Mode.FROZEN

    async def test_a_mended_policy_ends_the_trouble(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy={"global": b"{"})
        await mirror.refresh()
        redis.write(policy=stored_policy(layer("global", max_daily_trades=4)))
        await mirror.refresh()
        assert mirror.system_mode().mode is Mode.ACTIVE
        assert limit_of(mirror) == 4

    async def test_a_layer_that_cannot_be_read_is_named_with_what_to_do(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy={"symbol:BTCUSDT": b"{"})
        await mirror.refresh()
        reason = mirror.system_mode().reason
        assert reason.startswith("policy of 'symbol:BTCUSDT' cannot be read: ")
        assert reason.endswith(", to be mended with cio-policy rebuild, or with set or clear of that scope")

    async def test_a_policy_mended_without_a_new_epoch_is_seen_too(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy={"global": b"{"})
        await mirror.refresh()
        redis.policy = stored_policy(layer("global", max_daily_trades=4))
        await mirror.refresh()
        assert (mirror.system_mode().mode, limit_of(mirror)) == (Mode.ACTIVE, 4)

    async def test_trouble_grows_old_like_an_outage(self, mirror: Mirror, redis: FakeRedis, clock: FakeClock) -> None:
        redis.write(policy={"global": b"{"})
        clock.jump(3601)
        await mirror.refresh()
        assert mirror.system_mode().mode is Mode.BLIND

    async def test_a_halt_that_cannot_be_read_halts(self, mirror: Mirror, redis: FakeRedis, clock: FakeClock) -> None:
        redis.write(control={"symbol:BTCUSDT": b"?"})
        await mirror.refresh()
        deciding = mirror.view.control.deciding(symbol=SYMBOL, strategy_id=STRATEGY, now=clock.now())
        assert deciding is not None
        assert deciding.entry.mode is Mode.HALTED

    async def test_a_calendar_that_steps_back_makes_no_negative_age(self, mirror: Mirror, clock: FakeClock) -> None:
        clock.step_back(30)
        assert mirror.policy_age_seconds == 0
        assert mirror.system_mode().mode is Mode.ACTIVE

    async def test_trouble_is_logged_once(
        self, mirror: Mirror, redis: FakeRedis, log_events: list[MutableMapping[str, Any]]
    ) -> None:
        redis.write(policy={"global": b"{"})
        for _ in range(3):
            await mirror.refresh()
        assert [event["event"] for event in log_events].count("policy_not_believed") == 1


class TestTrades:
    async def test_trades_are_those_of_the_day_last_read(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy={})
        redis.trades = {day: Counter(counts) for day, counts in trades(TODAY, strategy_momentum=3).items()}
        await mirror.refresh()
        assert mirror.view.trades_on(TODAY) == {"strategy:momentum": 3}
        assert mirror.view.trades_on(TODAY + timedelta(days=1)) == {}

    async def test_symbols_of_yesterday_and_today_are_known(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy={})
        redis.trades = {
            TODAY - timedelta(days=2): Counter({"symbol:OLDUSDT": 1}),
            TODAY - timedelta(days=1): Counter({"symbol:ETHUSDT": 1, "global": 1, "strategy:symbol:XUSDT": 1}),
            TODAY: Counter({"symbol:BTCUSDT": 1, "symbol_side:SOLUSDT:LONG": 1, "nonsense": 1}),
        }
        await mirror.refresh()
        assert mirror.view.known_symbols == {"ETHUSDT", "BTCUSDT"}

    async def test_a_symbol_whose_only_trade_was_undone_is_not_known(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy={})
        redis.trades = {TODAY: Counter({"symbol:ETHUSDT": 0, "symbol:BTCUSDT": 1})}
        await mirror.refresh()
        assert mirror.view.known_symbols == {"BTCUSDT"}

    async def test_counting_does_not_forget_the_policy(self, mirror: Mirror, redis: FakeRedis) -> None:
        redis.write(policy=stored_policy(layer("global", max_daily_trades=5)))
        await mirror.refresh()
        redis.trades = {TODAY: Counter({"global": 1})}
        await mirror.refresh()
        assert (limit_of(mirror), mirror.view.trades_on(TODAY)) == (5, {"global": 1})


def test_a_view_forgets_resolved_policies_before_there_are_too_many() -> None:
    view = View()
    for number in range(10_001):
        view.policy_for(SYMBOL, f"strategy-{number}", Side.LONG)
    assert len(view._resolved) <= 10_000
