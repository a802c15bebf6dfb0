"""A real Redis, a store on it and `cio-policy` run against it."""

from collections.abc import Iterator

import pytest
from redis import Redis

from cio_strategist.adapters.redis import RedisPolicyStore, open_store
from devstack import DevStack
from devstack import Redis as RedisServer
from tests.integration.strategist.command_line import CommandLine


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with DevStack(nats=False, mongo=False) as stack:
        yield stack.redis


@pytest.fixture
def redis(redis_server: RedisServer) -> Iterator[Redis]:
    with Redis.from_url(redis_server.url, decode_responses=True) as client:
        client.flushall()
        yield client


@pytest.fixture
def store(redis_server: RedisServer, redis: Redis) -> Iterator[RedisPolicyStore]:
    with open_store(redis_server.url) as store:
        yield store


@pytest.fixture
def cli(redis_server: RedisServer, redis: Redis) -> CommandLine:
    return CommandLine({"REDIS_URL": redis_server.url, "USER": "anna", "COLUMNS": "200"})
