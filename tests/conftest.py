"""What all tests share: how far properties are searched, quiet logs, and real servers for those that need them."""

import logging
import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from devstack import DevStack

# Every run draws the same examples, however busy the machine; a run that looks further is asked for with
# HYPOTHESIS_PROFILE=deep.
settings.register_profile(
    "default",
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "deep", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests on real servers a second try: a stall of seconds must not fail them. It is reported, with why."""
    for item in items:
        if item.get_closest_marker("servers") is not None:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(autouse=True)
def _quiet_log() -> Iterator[None]:
    """Log nothing but what a test captures itself."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def servers() -> Iterator[DevStack]:
    """Real NATS and Redis on loopback. Whoever stops one starts it again."""
    with DevStack(mongo=False) as stack:
        yield stack
