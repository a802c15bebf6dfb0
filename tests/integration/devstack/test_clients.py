import json
import urllib.request

import nats
import pytest
from pymongo import MongoClient
from redis import Redis

from devstack import DevStack

pytestmark = pytest.mark.servers


async def test_nats_answers_a_client_and_keeps_streams(stack: DevStack) -> None:
    client = await nats.connect(stack.nats.url)
    jetstream = client.jetstream()
    await jetstream.add_stream(name="VERDICTS", subjects=["cio.verdict.>"])
    await jetstream.publish("cio.verdict.momentum_v1", b"approved")
    stored = await jetstream.get_last_msg("VERDICTS", "cio.verdict.momentum_v1")
    await client.close()
    assert stored.data == b"approved"


def test_redis_answers_a_client(stack: DevStack) -> None:
    with Redis.from_url(stack.redis.url) as client:
        client.set("cio:policy:epoch", 3)
        assert client.get("cio:policy:epoch") == b"3"
        assert client.info("server")["redis_version"] == stack.redis.version
        assert client.info("server")["process_id"] == stack.redis.pid


def test_mongo_answers_a_client_with_transactions(stack: DevStack) -> None:
    with MongoClient(stack.mongo.url, serverSelectionTimeoutMS=5000) as client:
        policies = client["cio"]["policies"]
        policies.insert_one({"scope": "global", "version": 1})
        with client.start_session() as session, session.start_transaction():
            policies.update_one({"scope": "global"}, {"$inc": {"version": 1}}, session=session)
        found = policies.find_one({"scope": "global"})
        assert found is not None
        assert found["version"] == 2
        assert client.server_info()["version"] == stack.mongo.version


def test_nats_serves_monitoring_pages_when_asked_to(stack: DevStack) -> None:
    with urllib.request.urlopen(f"{stack.nats.monitoring_url}/varz", timeout=5) as page:
        about = json.load(page)
    assert about["version"] == stack.nats.version
    assert about["port"] == stack.nats.port
    assert "store_dir" in about["jetstream"]["config"]
