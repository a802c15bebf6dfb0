import logging
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog

from tests.builders import NOW
from tests.fakes import FakeClock
from tests.redis_fakes import FakeRedis


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def redis(clock: FakeClock) -> FakeRedis:
    return FakeRedis(clock)


@pytest.fixture
def log_events(_quiet_log: None) -> Iterator[list[MutableMapping[str, Any]]]:
    """Collect what is logged, at every level."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    with structlog.testing.capture_logs() as events:
        yield events
