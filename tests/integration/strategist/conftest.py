"""Real servers, stores on them, and `cio-policy` run against them."""

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from redis import Redis

from cio_strategist import policy_cli
from cio_strategist.adapters.mongo import Authority, open_authority
from cio_strategist.adapters.redis.policy_store import RedisPolicyStore, open_store
from devstack import DevStack, Mongo
from devstack import Redis as RedisServer
from tests.integration.command_line import CommandLine
from tests.strategist_fakes import SetClock


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with DevStack(nats=False, mongo=False) as stack:
        yield stack.redis


@pytest.fixture(scope="session")
def mongo_server() -> Iterator[Mongo]:
    with DevStack(nats=False, redis=False) as stack:
        yield stack.mongo


@pytest.fixture
def redis(redis_server: RedisServer) -> Iterator[Redis]:
    with Redis.from_url(redis_server.url, decode_responses=True) as client:
        client.flushall()
        yield client


@pytest.fixture
async def store(redis_server: RedisServer, redis: Redis) -> AsyncIterator[RedisPolicyStore]:
    async with open_store(redis_server.url) as store:
        yield store


@pytest.fixture
def mongo(mongo_server: Mongo) -> Iterator[Database[dict[str, object]]]:
    """A database of its own, empty at first."""
    with MongoClient[dict[str, object]](mongo_server.url, tz_aware=True) as client:
        yield client[f"policy_{secrets.token_hex(4)}"]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def authority(
    mongo_server: Mongo, mongo: Database[dict[str, object]], clock: SetClock
) -> AsyncIterator[Authority]:
    async with open_authority(mongo_server.url, mongo.name, clock=clock) as authority:
        yield authority


@pytest.fixture
def cli(redis_server: RedisServer, redis: Redis) -> CommandLine:
    return CommandLine(policy_cli.app, {"REDIS_URL": redis_server.url, "USER": "anna", "COLUMNS": "200"})
