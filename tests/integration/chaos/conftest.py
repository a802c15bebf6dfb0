"""Servers of its own: they are killed."""

from collections.abc import Iterator

import pytest

from devstack import DevStack


@pytest.fixture
def stack() -> Iterator[DevStack]:
    with DevStack(start_timeout=120) as stack:
        yield stack
