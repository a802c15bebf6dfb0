import asyncio
import base64
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from cio_strategist.domain.record.entry import Draft, Kind
from cio_strategist.domain.record.recording import StreamedMessage, decision_draft, failsafe_draft
from cio_strategist.service.record.chain_writer import ChainWriter
from cio_strategist.service.record.leadership import Leadership
from cio_strategist.service.record.recorder import BATCH, Feed, Recorder
from tests.chains import NOON, chained
from tests.recorder_fakes import CountedMetrics, FakeChainStore, FakeLease, FakeSource, FakeTrail, ToldAlerts
from tests.strategist_fakes import SetClock


def message(number: int, stream: str = "CIO_DECISIONS") -> StreamedMessage:
    verdict = {"decision_id": f"{number:032x}", "verdict": "approved", "received_at": NOON.isoformat()}
    record = {"verdict": verdict, "raw": base64.b64encode(b"{}").decode(), "subject": "cio.intent.x"}
    return StreamedMessage(stream, number, "cio.record.decision.x", {}, json.dumps(record).encode(), NOON)


class World:
    """A recorder whose waits pass at once, and give way to a test that looks on."""

    def __init__(self) -> None:
        self.store, self.lease, self.trail = FakeChainStore(), FakeLease(), FakeTrail()
        self.decisions, self.failsafe = FakeSource(), FakeSource("CIO_FAILSAFE")
        self.alerts, self.metrics, self.clock = ToldAlerts(), CountedMetrics(), SetClock()
        self.leadership = Leadership(self.lease, sleep=self._sleep)
        self.writer = ChainWriter(
            self.store,
            clock=self.clock,
            metrics=self.metrics,
            signer=None,
            checkpoint_entries=1000,
            checkpoint_seconds=300,
        )
        self.recorder = Recorder(
            leadership=self.leadership,
            store=self.store,
            writer=self.writer,
            feeds=[Feed(self.decisions, decision_draft), Feed(self.failsafe, failsafe_draft)],
            trail=self.trail,
            clock=self.clock,
            metrics=self.metrics,
            alerts=self.alerts,
            sleep=self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)
        await asyncio.sleep(0)

    def places(self, stream: str = "CIO_DECISIONS") -> list[int]:
        """The places in a stream of the entries that came from it, in the order of the chain."""
        facts = [entry.facts for entry in self.store.entries]
        return [int(each["stream_sequence"]) for each in facts if each.get("stream") == stream]

    async def until(self, *conditions: Callable[[], bool]) -> None:
        """Run the recorder until these conditions have held, one after the other."""

        async def watch() -> None:
            for condition in conditions:
                for _ in range(2000):
                    if condition():
                        break
                    await asyncio.sleep(0)
                else:
                    raise AssertionError("it never came to that")

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_run(work)) for work in self.recorder.tasks()]
            await watch()
            for task in tasks:
                task.cancel()


async def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await work()


@pytest.fixture
def world() -> World:
    return World()


async def test_what_is_in_the_chain_is_acknowledged(world: World) -> None:
    world.decisions.messages = [message(number) for number in range(1, 4)]
    world.failsafe.messages = [message(9, "CIO_FAILSAFE")]
    await world.until(lambda: len(world.decisions.acknowledged) == 3 and bool(world.failsafe.acknowledged))
    assert sorted(entry.kind for entry in world.store.entries) == ["decision"] * 3 + ["failsafe"]
    assert world.recorder.facts()["trouble"] == []


async def test_nothing_is_acknowledged_while_the_store_is_away(world: World) -> None:
    world.decisions.messages = [message(1)]
    await world.until(lambda: world.leadership.is_leader)
    world.store.up = False
    await world.until(lambda: bool(world.recorder.trouble))
    assert world.decisions.acknowledged == []
    world.store.up = True
    world.decisions.again()
    await world.until(lambda: world.decisions.acknowledged == [1])
    assert len(world.store.entries) == 1


async def test_what_comes_again_is_acknowledged_and_not_recorded_again(world: World) -> None:
    world.decisions.messages = [message(1)]
    await world.until(lambda: world.decisions.acknowledged == [1])
    world.decisions.acknowledged.clear()
    world.decisions.again()
    await world.until(lambda: world.decisions.acknowledged == [1])
    assert len(world.store.entries) == 1


async def test_a_recorder_without_the_lease_writes_nothing(world: World) -> None:
    world.lease.free = False
    world.decisions.messages = [message(1)]
    await world.until(lambda: world.metrics.waiting.get("CIO_DECISIONS") == 1)
    assert world.store.entries == []
    assert not world.leadership.is_leader


async def test_a_recorder_that_ends_gives_up_the_lease(world: World) -> None:
    await world.until(lambda: world.leadership.is_leader)
    assert world.lease.given_up == 1


async def test_a_new_leader_begins_where_the_chain_ends(world: World) -> None:
    world.decisions.messages = [message(1), message(2)]
    await world.until(lambda: world.decisions.acknowledged == [1, 2])
    await world.until(lambda: len(world.decisions.resumed) == 2)
    assert world.decisions.resumed == [None, 2]


async def test_after_a_fetch_that_failed_records_still_come_in_order(world: World) -> None:
    world.decisions.messages = [message(number) for number in range(1, 3 * BATCH)]
    world.decisions.lose_next = True
    await world.until(lambda: len(world.decisions.acknowledged) == 3 * BATCH - 1)
    assert world.places() == list(range(1, 3 * BATCH))


async def test_what_the_store_lost_under_a_recorder_is_recorded_again_before_anything_new(world: World) -> None:
    world.decisions.messages = [message(number) for number in range(1, 6)]
    world.failsafe.messages = [message(90 + number, "CIO_FAILSAFE") for number in range(1, 6)]
    world.trail.changes = [Draft(Kind.CONFIG, f"change {n}", NOON, "{}", {"revision": n}) for n in range(1, 6)]

    def lose() -> bool:
        if len(world.store.entries) < 15:
            return False
        del world.store.entries[4:]
        world.decisions.messages.append(message(6))
        world.failsafe.messages.append(message(96, "CIO_FAILSAFE"))
        world.trail.changes.append(Draft(Kind.CONFIG, "change 6", NOON, "{}", {"revision": 6}))
        return True

    await world.until(lose, lambda: len(world.store.entries) == 18)
    assert world.places() == [1, 2, 3, 4, 5, 6]
    assert world.places("CIO_FAILSAFE") == [91, 92, 93, 94, 95, 96]
    assert [entry.id for entry in world.store.entries if entry.kind == Kind.CONFIG] == [
        f"change {n}" for n in range(1, 7)
    ]
    assert world.writer.losses == 1


async def test_a_loss_is_noticed_too_when_the_store_was_away_in_between(world: World) -> None:
    world.decisions.messages = [message(number) for number in range(1, 6)]

    def go_away() -> bool:
        if len(world.decisions.acknowledged) < 5:
            return False
        world.store.die_after = 0
        world.decisions.messages.append(message(6))
        return True

    def come_back_with_less() -> bool:
        if world.store.die_after is not None:
            return False
        del world.store.entries[2:]
        return True

    await world.until(go_away, come_back_with_less, lambda: len(world.store.entries) == 6)
    assert world.places() == [1, 2, 3, 4, 5, 6]


async def test_changes_are_linked_in_order_of_revision_and_older_ones_first(world: World) -> None:
    world.trail.older = [Draft(Kind.CONFIG, "old", NOON, "{}")]
    changes = [Draft(Kind.CONFIG, f"change {n}", NOON, "{}", {"revision": n}) for n in range(2 * BATCH + 10)]
    world.trail.changes = changes[:-1]
    await world.until(lambda: len(world.store.entries) == 2 * BATCH + 10)
    world.trail.changes = changes
    await world.until(lambda: len(world.store.entries) == 2 * BATCH + 11)
    assert [entry.id for entry in world.store.entries] == ["old", *(change.id for change in changes)]


async def test_all_changes_of_one_revision_are_linked_however_many_and_whoever_died_between_them(world: World) -> None:
    changes = [Draft(Kind.CONFIG, f"change {n}", NOON, "{}", {"revision": 1}) for n in range(BATCH + 10)]
    changes.append(Draft(Kind.CONFIG, "later", NOON, "{}", {"revision": 2}))
    world.trail.changes = changes
    world.store.entries = chained(changes[:3])
    await world.until(lambda: len(world.store.entries) == len(changes))
    assert [entry.id for entry in world.store.entries] == [change.id for change in changes]


async def test_what_is_no_record_is_recorded_as_refused_and_stops_nothing(world: World) -> None:
    world.decisions.messages = [
        StreamedMessage("CIO_DECISIONS", 1, "cio.record.decision.x", {}, b"\xff", NOON),
        message(2),
    ]
    await world.until(lambda: world.decisions.acknowledged == [1, 2])
    assert [entry.kind for entry in world.store.entries] == ["refused", "decision"]


async def test_a_backlog_that_does_not_shrink_is_an_alert_once(world: World) -> None:
    world.lease.up = False
    world.decisions.messages = [message(1)]
    await world.until(lambda: bool(world.alerts.told))
    first = world.clock.now()
    await world.until(lambda: (world.clock.now() - first).total_seconds() > 300)
    (alert,) = world.alerts.told
    assert alert.subject == "alerts.cio.audit_backlog.recorder"
    assert "1 records wait in CIO_DECISIONS" in alert.message
    assert "the lease's store is away" in alert.message


async def test_an_alert_that_could_not_leave_is_told_later(world: World) -> None:
    world.lease.up = world.alerts.up = False
    world.decisions.messages = [message(1)]
    start = world.clock.now()
    await world.until(lambda: (world.clock.now() - start).total_seconds() > 200)
    world.alerts.up = True
    await world.until(lambda: bool(world.alerts.told))
