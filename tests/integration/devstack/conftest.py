from collections.abc import Iterator

import pytest

from devstack import DevStack


@pytest.fixture(scope="session")
def stack() -> Iterator[DevStack]:
    with DevStack(nats_monitoring=True) as stack:
        yield stack
