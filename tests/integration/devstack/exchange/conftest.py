from collections.abc import Iterator
from datetime import UTC, datetime

import ccxt
import pytest

from devstack import Exchange
from tests.integration.devstack.exchange.clients import client_of


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """An exchange whose market stands until it is moved."""
    folder = tmp_path_factory.mktemp("exchange")
    start = datetime(2024, 3, 1, 12, 30, 20, tzinfo=UTC)
    with Exchange(folder, seed=11, start=start, weight_limit=1_000_000) as exchange:
        yield exchange


@pytest.fixture
def exchange(running: Exchange) -> Iterator[Exchange]:
    running.control.reset()
    yield running
    running.start()


@pytest.fixture(scope="session")
def connected(running: Exchange) -> Iterator[ccxt.binanceusdm]:
    with client_of(running) as client:
        client.load_markets()
        yield client


@pytest.fixture
def client(exchange: Exchange, connected: ccxt.binanceusdm) -> ccxt.binanceusdm:
    return connected
