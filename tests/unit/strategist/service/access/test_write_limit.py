"""How many writes a caller may make in a minute."""

import asyncio
from types import SimpleNamespace

import pytest
from limits.aio.storage import memory

from cio_strategist.domain.access.caller import Caller, CallerClass, Permission
from cio_strategist.errors import RateLimitedError
from cio_strategist.service.access.write_limit import WriteLimit
from petrosa_contracts import instant
from tests.strategist_fakes import NOON


def caller(name: str) -> Caller:
    return Caller(name, CallerClass.AGENT, frozenset(Permission), "0123456789abcdef")


ANNA, BEN = caller("anna"), caller("ben")


class Calendar:
    """The calendar clock that the library and the limit read."""

    def __init__(self) -> None:
        self.now = NOON.timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    calendar = Calendar()
    monkeypatch.setattr(memory, "time", SimpleNamespace(time=calendar))
    monkeypatch.setattr(instant, "_wall_clock", calendar)
    return calendar


async def taken(limit: WriteLimit, who: Caller) -> int | None:
    """How long a caller is told to wait; None if its write is taken."""
    try:
        await limit.take(who)
    except RateLimitedError as error:
        return error.retry_after_seconds
    return None


async def test_as_many_writes_are_taken_as_a_caller_may_make() -> None:
    limit = WriteLimit(2)
    assert [await taken(limit, ANNA) for _ in range(2)] == [None, None]
    wait = await taken(limit, ANNA)
    assert wait is not None
    assert 1 <= wait <= 60


async def test_callers_do_not_count_for_each_other() -> None:
    limit = WriteLimit(1)
    assert [await taken(limit, who) for who in (ANNA, BEN)] == [None, None]


async def test_writes_at_once_are_all_counted() -> None:
    limit = WriteLimit(3)
    answers = await asyncio.gather(*(taken(limit, ANNA) for _ in range(20)))
    assert answers.count(None) == 3


async def test_the_refusal_says_how_long_to_wait(calendar: Calendar) -> None:
    limit = WriteLimit(1)
    await limit.take(ANNA)
    calendar.now += 59.5
    with pytest.raises(RateLimitedError) as refused:
        await limit.take(ANNA)
    assert str(refused.value) == "anna has made all the writes that it may make in a minute (1): wait 1 second"


async def test_the_window_moves_with_each_write(calendar: Calendar) -> None:
    limit = WriteLimit(2)
    await limit.take(ANNA)
    calendar.now += 40
    await limit.take(ANNA)
    assert await taken(limit, ANNA) == 20
    calendar.now += 20.1
    assert await taken(limit, ANNA) is None
    assert await taken(limit, ANNA) == 40


async def test_refused_writes_do_not_prolong_the_wait(calendar: Calendar) -> None:
    limit = WriteLimit(1)
    await limit.take(ANNA)
    for _ in range(5):
        calendar.now += 10
        assert await taken(limit, ANNA) is not None
    calendar.now += 10.1
    assert await taken(limit, ANNA) is None


async def test_a_clock_that_steps_back_asks_for_no_more_than_a_minute(calendar: Calendar) -> None:
    limit = WriteLimit(1)
    await limit.take(ANNA)
    calendar.now -= 3600
    assert await taken(limit, ANNA) == 60
