"""The whole of it under the users of deploy/: a gate, an authority, a feed, a tracker and a recorder.

Servers are those of one module: what another makes them refuse would be taken for a refusal of the parts.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar

import nats
import pytest
from nats.aio.client import Client
from redis import Redis as RedisClient

from devstack import Exchange, Mongo
from tests.integration.deploy.secured import SecuredNats, SecuredRedis, address, passwords
from tests.integration.nurse.gate import Gate, ServiceProcess

DATABASE = "deploy"
SECONDS = 60.0


class StrategistProcess(ServiceProcess):
    """One `cio-strategist` in one role, as the users of that name."""

    program = "cio-strategist"
    port_variable = "STRATEGIST_HTTP_PORT"
    start_seconds: ClassVar[float] = 90.0

    def __init__(self, role: str, settings: dict[str, str]) -> None:
        self.arguments = ("--roles", role)
        super().__init__(settings)


@dataclass(frozen=True)
class World:
    """Servers that know their users."""

    nats: SecuredNats
    redis: SecuredRedis
    mongo: Mongo
    exchange: Exchange


@dataclass(frozen=True)
class Parts:
    """Everything of ours, running on a world, each part as its own user."""

    gate: Gate
    authority: StrategistProcess
    feed: StrategistProcess
    tracker: StrategistProcess
    recorder: StrategistProcess


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("deploy")
    with pytest.MonkeyPatch.context() as environment, ExitStack() as stack:
        for name, password in passwords().items():
            environment.setenv(name, password)
        yield World(
            nats=stack.enter_context(SecuredNats(folder / "nats")),
            redis=stack.enter_context(SecuredRedis(folder / "redis")),
            mongo=stack.enter_context(Mongo(folder / "mongo")),
            exchange=stack.enter_context(Exchange(folder / "exchange", weight_limit=1_000_000)),
        )


@pytest.fixture(scope="module")
def parts(world: World) -> Iterator[Parts]:
    topics = {"NATS_TOPIC_INTENTS": "cio.intent.>,intent.>"}
    store = {"MONGODB_URI": world.mongo.url, "MONGODB_DATABASE": DATABASE}
    account = {
        "STRATEGIST_EXCHANGE_URL": world.exchange.url,
        "STRATEGIST_EXCHANGE_API_KEY": world.exchange.api_key,
        "STRATEGIST_EXCHANGE_API_SECRET": world.exchange.api_secret,
    }

    def on(user: str) -> dict[str, str]:
        return {"NATS_URL": address(world.nats, user), "REDIS_URL": address(world.redis, user)}

    made = Parts(
        authority=StrategistProcess("gateway", {"REDIS_URL": address(world.redis, "authority"), **store}),
        feed=StrategistProcess("feed", {**on("feed"), **account}),
        tracker=StrategistProcess("tracker", {**on("tracker"), **account}),
        recorder=StrategistProcess("recorder", {"NATS_URL": address(world.nats, "recorder"), **topics, **store}),
        gate=Gate(
            {
                **on("gate"),
                **topics,
                "NURSE_INPUTS": "market,portfolio",
                "NURSE_AUDIT": "required",
                "NURSE_DECISION_DEADLINE_MS": "2000",
                "NURSE_AUDIT_DEADLINE_MS": "10000",
            }
        ),
    )
    running = (made.authority, made.feed, made.tracker, made.recorder, made.gate)
    try:
        for part in running:
            part.start_ready()
        yield made
    finally:
        for part in running:
            part.close()


Connect = Callable[[str], Awaitable[Client]]


@pytest.fixture
async def connect(world: World) -> AsyncIterator[Connect]:
    """Connects as a user of NATS. `last_error` of the client says what was refused."""
    clients: list[Client] = []

    async def ignore(_error: Exception) -> None:
        """Kept by the client."""

    async def connect(user: str) -> Client:
        clients.append(await nats.connect(address(world.nats, user), allow_reconnect=False, error_cb=ignore))
        return clients[-1]

    yield connect
    for client in clients:
        await client.close()


@pytest.fixture
def redis_of(world: World) -> Iterator[Callable[[str], RedisClient]]:
    """Connects as a user of Redis."""
    with ExitStack() as stack:
        yield lambda user: stack.enter_context(RedisClient.from_url(address(world.redis, user), decode_responses=True))


@pytest.fixture
def examiner(world: World) -> Iterator[RedisClient]:
    """A user of Redis that is there for these tests alone and may do anything."""
    with RedisClient(port=world.redis.port, username="examiner", password="", decode_responses=True) as client:
        yield client
