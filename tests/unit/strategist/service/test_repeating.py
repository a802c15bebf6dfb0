"""Repeating: paced, patient with what is away, and not with anything else."""

import asyncio

import pytest

from cio_strategist.errors import ExchangeUnavailableError, StoreUnreachableError
from cio_strategist.service.repeating import repeat
from tests.feed_fakes import CountedMetrics


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; none of them takes any time."""
    made: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        made.append(seconds)
        await real(0)

    monkeypatch.setattr("cio_strategist.service.repeating.asyncio.sleep", sleep)
    return made


async def play(*outcomes: Exception | None) -> CountedMetrics:
    left, metrics = list(outcomes), CountedMetrics()

    async def work() -> None:
        if not left:
            raise asyncio.CancelledError
        outcome = left.pop(0)
        if outcome is not None:
            raise outcome

    with pytest.raises(asyncio.CancelledError):
        await repeat(work, what="prices", every=2.0, metrics=metrics)
    return metrics


async def test_failures_pause_longer_and_longer_up_to_a_bound(pauses: list[float]) -> None:
    metrics = await play(None, *[StoreUnreachableError("away")] * 7, None, StoreUnreachableError("away"))
    assert pauses == [2.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 2.0, 1.0]
    assert metrics.failures == {"prices": 8}


async def test_the_exchange_is_left_alone_as_long_as_it_asks_for(pauses: list[float]) -> None:
    await play(ExchangeUnavailableError("banned", retry_after_seconds=600))
    assert pauses == [600]


async def test_what_nobody_expected_is_raised() -> None:
    async def work() -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        await repeat(work, what="prices", every=2.0, metrics=CountedMetrics())
