import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence

import pytest

from cio_strategist.domain.decisions.whatif import Outcome, PolicyPatch, repeat, try_patch
from cio_strategist.errors import WorkerLostError
from cio_strategist.service.decisions import replaying
from cio_strategist.service.decisions.replaying import replay
from tests.records import recorded, small_orders

TIGHT = PolicyPatch.read({"global": {"max_position_size_usd": 100}})
BODIES = [
    recorded(decision_id=f"{number:032x}", quantity=quantity).model_dump_json()
    for number, quantity in enumerate([0.0019, 0.01, 0.03] * 20)
]


async def batches(bodies: Sequence[str], size: int) -> AsyncIterator[Sequence[str]]:
    for start in range(0, len(bodies), size):
        yield bodies[start : start + size]


@pytest.mark.parametrize("jobs", [1, 3])
async def test_the_tally_does_not_depend_on_how_many_processes_made_it(jobs: int) -> None:
    told: list[int] = []
    found = await replay(batches(BODIES, 7), TIGHT, jobs=jobs, progress=told.append)
    whole = try_patch(BODIES, TIGHT)
    assert (found.outcomes, found.moved, found.examples) == (whole.outcomes, whole.moved, whole.examples)
    assert sum(told) == len(BODIES)


async def test_one_batch_needs_no_process() -> None:
    found = await replay(batches(BODIES, len(BODIES)), None, jobs=2)
    assert found.outcomes == repeat(BODIES).outcomes == {Outcome.UNCHANGED: len(BODIES)}


async def test_nothing_to_replay_is_an_empty_tally() -> None:
    assert (await replay(batches([], 5), TIGHT, jobs=2)).examined == 0


async def test_no_more_is_read_ahead_than_the_processes_can_have_under_way() -> None:
    read, counted = 0, 0

    async def source() -> AsyncIterator[Sequence[str]]:
        nonlocal read
        for _ in range(60):
            read += 1
            assert read - counted <= 10
            yield BODIES[:1]

    def count(number: int) -> None:
        nonlocal counted
        counted += number

    await replay(source(), TIGHT, jobs=2, progress=count)
    assert counted == 60


async def test_a_process_that_is_killed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "_decide", _die)
    with pytest.raises(WorkerLostError):
        await replay(batches(BODIES, 7), TIGHT, jobs=1)


async def test_whoever_stops_waiting_leaves_no_process_behind() -> None:
    endless = asyncio.Event()

    async def source() -> AsyncIterator[Sequence[str]]:
        yield BODIES[:1]
        yield BODIES[:1]
        await endless.wait()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(replay(source(), TIGHT, jobs=1), 0.3)


async def test_a_decision_that_is_no_longer_made_the_same_is_counted_and_named() -> None:
    record = recorded(small_orders())
    odd = record.model_copy(update={"verdict": record.verdict.model_copy(update={"message": "No."})})
    found = await replay(batches([odd.model_dump_json(), "{}"], 5), None, jobs=1)
    assert found.outcomes == {Outcome.NOT_REPRODUCED: 1, Outcome.UNREADABLE: 1}
    (example,) = found.examples[Outcome.NOT_REPRODUCED]
    assert example.decision_id == record.verdict.decision_id


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
