import os
import signal

import nats
import pytest
import redis.exceptions
from pymongo import MongoClient
from redis import Redis

from devstack import DevStack
from tests.integration.devstack.processes import eventually, is_gone

pytestmark = pytest.mark.servers


@pytest.fixture(params=["nats", "redis", "mongo"])
def server(stack: DevStack, request: pytest.FixtureRequest):
    server = getattr(stack, request.param)
    yield server
    server.start()


def test_a_server_comes_back_on_the_same_port_after_a_stop(server) -> None:
    url, pid = server.url, server.pid
    server.stop()
    assert not server.running
    assert is_gone(pid)
    server.start()
    assert server.url == url
    assert server.pid != pid


def test_a_killed_server_is_noticed_and_comes_back(server) -> None:
    url, pid = server.url, server.pid
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not server.running)
    server.start()
    assert server.url == url


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_redis_keeps_its_keys(stack: DevStack, end: str) -> None:
    with Redis.from_url(stack.redis.url) as client:
        client.set("kept", end)
        getattr(stack.redis, end)()
        stack.redis.start()
        assert client.get("kept") == end.encode()


def test_mongo_keeps_its_documents(stack: DevStack) -> None:
    with MongoClient(stack.mongo.url, serverSelectionTimeoutMS=5000) as client:
        client["cio"]["kept"].insert_one({"_id": "document"})
        stack.mongo.stop()
        stack.mongo.start()
        assert client["cio"]["kept"].count_documents({"_id": "document"}) == 1


async def test_nats_keeps_its_streams(stack: DevStack) -> None:
    client = await nats.connect(stack.nats.url)
    await client.jetstream().add_stream(name="KEPT", subjects=["kept"])
    await client.jetstream().publish("kept", b"message")
    await client.close()
    stack.nats.stop()
    stack.nats.start()
    client = await nats.connect(stack.nats.url)
    stored = await client.jetstream().get_last_msg("KEPT", "kept")
    await client.close()
    assert stored.data == b"message"


def test_a_paused_redis_keeps_the_connection_but_answers_only_when_resumed(stack: DevStack) -> None:
    with Redis.from_url(stack.redis.url, socket_timeout=0.2, retry=None) as client:
        assert client.ping()
        stack.redis.pause()
        with pytest.raises(redis.exceptions.TimeoutError):
            client.ping()
        stack.redis.resume()
        assert client.ping()
