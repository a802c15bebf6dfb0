"""What the mirror tells the log."""

from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest

from cio_nurse.service import mirror as mirror_module
from cio_nurse.service.mirror import Mirror
from petrosa_contracts import Mode
from tests.builders import control_entry, layer, stored_control, stored_policy
from tests.fakes import FakeClock, eventually, following
from tests.redis_fakes import FakePolicyStore, FakeRedis
from tests.wiring import AGES

Events = list[MutableMapping[str, Any]]


@pytest.fixture
def mirror(redis: FakeRedis, clock: FakeClock) -> Mirror:
    return Mirror(FakePolicyStore(redis), clock, AGES, refusal=lambda: "")


def changes_of_mode(events: Events) -> list[tuple[str | None, str, str]]:
    changes = [event for event in events if event["event"] == "system_mode_changed"]
    return [(event["before"], event["now"], event["log_level"]) for event in changes]


def changes_of_control(events: Events) -> list[tuple[str, str, str, str]]:
    changes = [event for event in events if event["event"] in {"control_set", "control_ended"}]
    return [(event["event"], event["scope"], event["mode"], event["log_level"]) for event in changes]


class TestLogging:
    async def test_every_change_of_mode_is_logged_once(
        self, mirror: Mirror, redis: FakeRedis, log_events: Events, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mirror_module, "POLL_SECONDS", 0.001)
        redis.write(policy={})
        async with following(mirror):
            redis.stop()
            await eventually(lambda: len(changes_of_mode(log_events)) == 2)
            redis.recover()
            await eventually(lambda: len(changes_of_mode(log_events)) == 3)
        assert changes_of_mode(log_events) == [
            (None, "ACTIVE", "info"),
            ("ACTIVE", "CONSERVATIVE", "error"),
            ("CONSERVATIVE", "ACTIVE", "info"),
        ]

    async def test_every_mode_that_is_set_lifted_or_expires_is_logged_once_with_its_scope(
        self,
        mirror: Mirror,
        redis: FakeRedis,
        clock: FakeClock,
        log_events: Events,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(mirror_module, "POLL_SECONDS", 0.001)
        ends = clock.now() + timedelta(seconds=60)
        safe = stored_control(symbol_BTCUSDT=control_entry(Mode.SAFE, expires_at=ends))
        redis.write(policy={}, control={**safe, **stored_control(**{"global": control_entry(Mode.FROZEN)})})
        async with following(mirror):
            await eventually(lambda: len(changes_of_control(log_events)) == 2)
            redis.write(control=safe)
            await eventually(lambda: len(changes_of_control(log_events)) == 3)
            clock.jump(60)
            await eventually(lambda: len(changes_of_control(log_events)) == 4)
        assert sorted(changes_of_control(log_events)[:2]) == [
            ("control_set", "global", "FROZEN", "warning"),
            ("control_set", "symbol:BTCUSDT", "SAFE", "warning"),
        ]
        assert changes_of_control(log_events)[2:] == [
            ("control_ended", "global", "FROZEN", "info"),
            ("control_ended", "symbol:BTCUSDT", "SAFE", "info"),
        ]
        told = next(event for event in log_events if event.get("scope") == "symbol:BTCUSDT")
        assert (told["set_by"], told["reason"], told["expires_at"]) == ("ops", "exchange incident", ends.isoformat())

    async def test_an_outage_is_an_error_once(self, mirror: Mirror, redis: FakeRedis, log_events: Events) -> None:
        redis.write(policy={})
        await mirror.refresh()
        redis.stop()
        for _ in range(3):
            await mirror.refresh()
        levels = [event["log_level"] for event in log_events if event["event"] == "policy_store_unreachable"]
        assert levels == ["error", "debug", "debug"]

    async def test_what_was_loaded_and_what_of_it_is_odd_is_logged(
        self, mirror: Mirror, redis: FakeRedis, log_events: Events
    ) -> None:
        odd = layer("global").model_copy(update={"parameters": {"from_the_future": 1}})
        redis.write(policy=stored_policy(odd), control={"symbol:BTCUSDT": b"?"})
        await mirror.refresh()
        by_name = {event["event"]: event for event in log_events}
        assert by_name["control_entries_unreadable"]["fields"] == ("symbol:BTCUSDT",)
        assert by_name["policy_parameters_unknown"]["parameters"] == ("global/from_the_future",)
        assert (by_name["policy_loaded"]["epoch"], by_name["policy_loaded"]["scopes"]) == (1, 1)
