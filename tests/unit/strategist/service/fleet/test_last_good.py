"""What was last read stays while it cannot be read again."""

import asyncio
from datetime import UTC, datetime

import pytest

from cio_strategist.errors import BotError
from cio_strategist.service.fleet.last_good import FRESH_SECONDS, PAUSE_SECONDS, LastGood
from tests.fakes import FakeClock


class Source:
    def __init__(self):
        self.reads = 0
        self.away = False

    async def read(self):
        self.reads += 1
        await asyncio.sleep(0)
        if self.away:
            raise BotError("it is away") from TimeoutError()
        return self.reads


@pytest.fixture
def clock():
    return FakeClock(datetime(2026, 1, 5, 12, tzinfo=UTC))


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def kept(source, clock):
    return LastGood(source.read, clock)


async def test_it_is_read_once_a_minute(kept, source, clock):
    await kept.get()
    clock.jump(FRESH_SECONDS - 1)
    known = await kept.get()
    assert (known.value, known.age_seconds, known.trouble) == (1, FRESH_SECONDS - 1, None)
    clock.jump(1)
    assert (await kept.get()).value == 2


async def test_callers_at_the_same_time_share_one_reading(kept, source):
    known = await asyncio.gather(*(kept.get() for _ in range(5)))
    assert {one.value for one in known} == {1}


async def test_the_last_good_one_is_kept_and_its_age_is_told(kept, source, clock):
    await kept.get()
    source.away = True
    clock.jump(90)
    known = await kept.get()
    assert (known.value, known.age_seconds, known.trouble) == (1, 90, "it is away")


async def test_what_was_away_a_moment_ago_is_not_asked_again_at_once(kept, source, clock):
    source.away = True
    for _ in range(3):
        with pytest.raises(BotError, match="it is away") as trouble:
            await kept.get()
        assert isinstance(trouble.value.__cause__, TimeoutError)
    assert source.reads == 1
    source.away = False
    clock.jump(PAUSE_SECONDS)
    assert (await kept.get()).trouble is None


async def test_a_clock_that_goes_back_makes_it_read_again(kept, source, clock):
    await kept.get()
    clock.step_back(3600)
    assert (await kept.get()).value == 2
