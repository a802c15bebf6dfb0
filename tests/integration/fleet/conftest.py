"""Stand-in bots on real loopback servers, and the way to them."""

from collections.abc import AsyncIterator, Iterator

import pytest

from cio_strategist.adapters.bots import HttpBots, open_bots
from tests.bots import LiveBot, realtime_bot, ta_bot


@pytest.fixture(scope="session")
def _ta() -> Iterator[LiveBot]:
    bot = ta_bot()
    yield bot
    bot.stop()


@pytest.fixture(scope="session")
def _realtime() -> Iterator[LiveBot]:
    bot = realtime_bot()
    yield bot
    bot.stop()


@pytest.fixture
def ta(_ta: LiveBot) -> LiveBot:
    """The ta bot with nothing configured; a test may stop it."""
    _ta.state.reset()
    return _ta.start()


@pytest.fixture
def realtime(_realtime: LiveBot) -> LiveBot:
    """The realtime bot likewise."""
    _realtime.state.reset()
    return _realtime.start()


@pytest.fixture
async def http_bots() -> AsyncIterator[HttpBots]:
    async with open_bots(connect_seconds=10, total_seconds=20) as bots:
        yield bots
