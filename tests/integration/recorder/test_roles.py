"""The recorder as the user that `deploy/mongodb` makes for it, on a server that asks for passwords.

The server of the tests holds actions against the database they are granted in, not the collection, so that what a role
may do to one of them it may do to all. What this proves is that the recorder needs no action beyond those of its role,
and that removing, dropping and making indexes are refused.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nats.aio.client import Client
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from cio_strategist.adapters.mongo.chain_store import MongoChainStore
from cio_strategist.adapters.mongo.connection import connect
from cio_strategist.adapters.signing import SigningKey
from devstack import Mongo
from tests.integration.nurse.polling import eventually
from tests.integration.recorder.recorders import DATABASE, ChainReader, RecorderProcess, decision_id, publish

pytestmark = pytest.mark.servers

DEPLOY = Path(__file__).parents[3] / "deploy/mongodb"
ROLES, SCRIPT = DEPLOY / "roles.json", DEPLOY / "recorder.js"
UNAUTHORISED = 13
SECONDS = 40.0


class GuardedMongo(Mongo):
    """A server that asks for passwords from its second start on: users have to be made without."""

    guarded = False

    def command(self, program: Path) -> list[str]:
        return [*super().command(program), *(["--auth"] if self.guarded else [])]

    def url_of(self, user: str) -> str:
        return f"mongodb://{user}:secret@127.0.0.1:{self.port}/?authSource={DATABASE}"


@pytest.fixture
def mongo(tmp_path: Path) -> Iterator[GuardedMongo]:
    server = GuardedMongo(tmp_path / "mongo")
    with server:
        asyncio.run(prepare(server.url))
        make_users(server.url)
        server.stop()
        server.guarded = True
        server.start()
        yield server
    server.release_ports()


async def prepare(url: str) -> None:
    async with connect(url, DATABASE, retry_writes=False) as connection:
        await MongoChainStore(connection).prepare()


def make_users(url: str) -> None:
    with MongoClient[dict[str, object]](url) as client:
        database = client[DATABASE]
        for name, grants in json.loads(ROLES.read_text()).items():
            privileges = [
                {"resource": {"db": DATABASE, "collection": grant["collection"]}, "actions": grant["actions"]}
                for grant in grants
            ]
            database.command("createRole", name, privileges=privileges, roles=[])
            database.command("createUser", name, pwd="secret", roles=[name])


async def test_the_recorder_needs_no_more_than_its_role(
    mongo: GuardedMongo, new_recorder: Callable[..., RecorderProcess], client: Client, key_file: Path
) -> None:
    recorder = new_recorder(MONGODB_URI=mongo.url_of("cioRecorder"))
    await asyncio.to_thread(recorder.start_ready)
    for number in range(60):
        await publish(client, number)
    with MongoClient[dict[str, object]](mongo.url_of("cioAuditor"), tz_aware=True) as auditor:
        chain = ChainReader(auditor, SigningKey.read(key_file).public)
        await eventually(lambda: len(chain.ids()) == 60, seconds=SECONDS, what="60 records are in the chain")
        await eventually(lambda: chain.ids("checkpoint"), seconds=SECONDS, what="a checkpoint is made")
        assert chain.ids() == {decision_id(number): 1 for number in range(60)}
        assert chain.problem() is None


@pytest.mark.parametrize("user", ["cioRecorder", "cioAuditor"])
def test_neither_role_can_take_anything_away(mongo: GuardedMongo, user: str) -> None:
    with MongoClient[dict[str, object]](mongo.url_of(user)) as client:
        entries = client[DATABASE]["audit_chain"]
        assert entries.find_one() is None
        for act in (
            lambda: entries.delete_one({}),
            entries.drop,
            lambda: entries.create_index("at", expireAfterSeconds=1),
            lambda: client.drop_database(DATABASE),
        ):
            refused(act)


def test_an_auditor_can_only_read(mongo: GuardedMongo) -> None:
    with MongoClient[dict[str, object]](mongo.url_of("cioAuditor")) as client:
        entries = client[DATABASE]["audit_chain"]
        refused(lambda: entries.insert_one({"_id": 1}))
        refused(lambda: entries.update_one({}, {"$set": {"kind": "other"}}))


def test_the_script_makes_the_indexes_that_the_recorder_would_make(mongo: GuardedMongo) -> None:
    calls = re.findall(r"audit_chain\.createIndex\((.+)\);", SCRIPT.read_text())
    written = [json.loads(re.sub(r"(\w+):", r'"\1":', f"[{call}]")) for call in calls]
    with MongoClient[dict[str, object]](mongo.url_of("cioAuditor")) as client:
        made = client[DATABASE]["audit_chain"].index_information()
    assert {tuple(keys.items()): dict(*options) for keys, *options in written} == {
        tuple(index["key"]): {name: index[name] for name in ("unique", "sparse") if name in index}
        for name, index in made.items()
        if name != "_id_"
    }


def refused(act: Callable[[], object]) -> None:
    with pytest.raises(OperationFailure) as found:
        act()
    assert found.value.code == UNAUTHORISED
