"""Real servers, a recorder on them, and what a gate would publish."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from pymongo import MongoClient

from cio_strategist.adapters.signing import SigningKey
from devstack import DevStack
from petrosa_contracts import streams
from petrosa_contracts.runtime.jetstream import ensure_streams
from tests.integration.recorder.recorders import DATABASE, ChainReader, RecorderProcess


@pytest.fixture(scope="module")
def stack() -> Iterator[DevStack]:
    with DevStack(redis=False) as stack:
        yield stack


@pytest.fixture
async def client(stack: DevStack) -> AsyncIterator[Client]:
    """A client of a NATS with the streams, empty at first."""
    client = await nats.connect(stack.nats.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    for info in await client.jetstream().streams_info():
        await client.jetstream().delete_stream(info.config.name or "")
    await ensure_streams(client.jetstream(), (streams.DECISIONS, streams.FAILSAFE, streams.intents()))
    yield client
    await client.close()


@pytest.fixture
def chain(stack: DevStack, key_file: Path) -> Iterator[ChainReader]:
    """The chain, empty at first."""
    with MongoClient[dict[str, object]](stack.mongo.url, tz_aware=True) as mongo:
        mongo.drop_database(DATABASE)
        yield ChainReader(mongo, SigningKey.read(key_file).public)


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("key") / "audit.pem"
    SigningKey.make(file)
    return file


@pytest.fixture
def new_recorder(
    stack: DevStack, client: Client, chain: ChainReader, key_file: Path
) -> Iterator[Callable[..., RecorderProcess]]:
    """Makes recorders that sign often."""
    made: list[RecorderProcess] = []

    def make(**more: str) -> RecorderProcess:
        recorder = RecorderProcess(
            {
                **stack.environment(),
                "MONGODB_DATABASE": DATABASE,
                "STRATEGIST_AUDIT_KEY_FILE": str(key_file),
                "STRATEGIST_CHECKPOINT_RECORDS": "50",
                "STRATEGIST_CHECKPOINT_SECONDS": "1",
                "STRATEGIST_RECONCILE_SECONDS": "1",
                **more,
            }
        )
        made.append(recorder)
        return recorder

    yield make
    for recorder in made:
        recorder.close()
