"""`cio-audit` on a chain in a real store."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bson
import pytest
from pyarrow import parquet
from pymongo import MongoClient

from cio_strategist import audit_cli
from cio_strategist.adapters.mongo.trail import change_draft
from cio_strategist.adapters.signing import SigningKey
from cio_strategist.domain.record.entry import Entry, link
from devstack import DevStack, Mongo
from tests.chains import chained, draft, signed, signed_chain
from tests.integration.command_line import CommandLine
from tests.integration.recorder.recorders import DATABASE, ChainReader, store_entries

pytestmark = pytest.mark.servers


class Key:
    """A real key as the tests' chains want it."""

    def __init__(self, file: Path) -> None:
        self._key = SigningKey.read(file)
        self.key_id = self._key.key_id
        self.sign = self._key.sign


@pytest.fixture(scope="module")
def mongo() -> Iterator[Mongo]:
    with DevStack(nats=False, redis=False) as stack:
        yield stack.mongo


@pytest.fixture
def reader(mongo: Mongo, key_file: Path) -> Iterator[ChainReader]:
    with MongoClient[dict[str, object]](mongo.url, tz_aware=True) as client:
        client.drop_database(DATABASE)
        yield ChainReader(client, SigningKey.read(key_file).public)


@pytest.fixture
def public_key(key_file: Path, tmp_path: Path) -> Path:
    file = tmp_path / "audit.pem.pub"
    file.write_text(SigningKey.read(key_file).public.pem())
    return file


@pytest.fixture
def cli(mongo: Mongo, reader: ChainReader, public_key: Path) -> CommandLine:
    return CommandLine(
        audit_cli.app,
        {
            "MONGODB_URI": mongo.url,
            "MONGODB_DATABASE": DATABASE,
            "STRATEGIST_AUDIT_PUBLIC_KEYS": str(public_key),
            "STRATEGIST_AUDIT_KEY_FILE": "",
            "COLUMNS": "200",
        },
    )


@pytest.fixture
def chain(mongo: Mongo, reader: ChainReader, key_file: Path) -> list[Entry]:
    """Ten decisions under two checkpoints, and three after them."""
    entries = signed_chain([6, 4], Key(key_file), tail=3)  # type: ignore[arg-type]
    store_entries(mongo.url, entries)
    return entries


def test_a_chain_that_was_left_alone_verifies(cli: CommandLine, chain: list[Entry]) -> None:
    told = cli.as_json("verify")
    assert told.pop("entries_per_second") > 0
    assert told == {
        "holds": True,
        "entries": 15,
        "checkpoints": 2,
        "signed_to": 11,
        "unsigned_since": chain[-3].moment.isoformat(),
        "signatures": "checked",
        "head": chain[-1].head.shown(),
        "changes": 0,
        "problem": None,
    }
    assert "15 entries hold" in cli.done("verify")
    assert cli.as_json("verify", "--head", chain[3].head.shown())["holds"]


def test_an_empty_store_verifies(cli: CommandLine) -> None:
    assert cli.as_json("verify")["entries"] == 0


def test_a_flipped_byte_is_found_and_the_entry_named(cli: CommandLine, chain: list[Entry], reader: ChainReader) -> None:
    raw = bytearray(b"".join(reader.collection.find_raw_batches({"_id": 5})))
    place = raw.index(chain[4].body.encode()) + 3
    raw[place] ^= 1
    reader.replace(5, bytes(raw))
    told = cli.as_json("verify", code=1)
    assert told["problem"]["sequence"] == 5
    assert told["problem"]["id"] == chain[4].id
    assert "BROKEN at entry 5" in cli.fails("verify")


def test_an_entry_that_was_removed_is_named(cli: CommandLine, chain: list[Entry], reader: ChainReader) -> None:
    reader.collection.delete_one({"_id": 9})
    assert cli.as_json("verify", code=1)["problem"]["what"] == "entry 9 is missing"


def test_an_end_that_was_cut_off_is_found_by_whoever_noted_the_head(
    cli: CommandLine, chain: list[Entry], reader: ChainReader
) -> None:
    reader.collection.delete_many({"_id": {"$gt": 12}})
    assert cli.as_json("verify")["holds"]
    assert "cut off" in cli.fails("verify", "--head", chain[-1].head.shown())


def test_a_chain_signed_by_another_key_is_broken(cli: CommandLine, chain: list[Entry], tmp_path: Path) -> None:
    cli.done("key", "new", str(tmp_path / "other.pem"))
    told = cli.as_json("verify", "--public-key", str(tmp_path / "other.pem.pub"), code=1)
    assert "not among those trusted" in told["problem"]["what"]


def test_without_a_key_it_is_said_that_signatures_were_not_checked(cli: CommandLine, chain: list[Entry]) -> None:
    cli.environment["STRATEGIST_AUDIT_PUBLIC_KEYS"] = ""
    assert cli.as_json("verify")["signatures"] == "not checked"
    assert "not checked" in cli.run("verify").stderr


@pytest.fixture
def with_change(cli: CommandLine, mongo: Mongo, reader: ChainReader) -> dict[str, Any]:
    """A change in the trail that is in the chain."""
    document: dict[str, Any] = {"_id": "c1", "config_type": "global", "action": "update", "revision": 3, "n": 1.5}
    reader.database["trading_configs_audit"].insert_one(document)
    store_entries(mongo.url, chained([change_draft(document)]))
    return document


def test_a_change_that_is_as_it_was_recorded_holds(cli: CommandLine, with_change: dict[str, Any]) -> None:
    assert cli.as_json("verify")["changes"] == 1


@pytest.mark.parametrize(
    "alter",
    [
        lambda trail: trail.update_one({"_id": "c1"}, {"$set": {"n": 1.25}}),
        lambda trail: trail.update_one({"_id": "c1"}, {"$set": {"revision": 4}}),
        lambda trail: trail.update_one({"_id": "c1"}, {"$unset": {"revision": 1}}),
        lambda trail: trail.delete_one({"_id": "c1"}),
    ],
)
def test_a_change_that_was_altered_in_the_trail_is_named(
    cli: CommandLine, with_change: dict[str, Any], reader: ChainReader, alter: Callable[[Any], object]
) -> None:
    alter(reader.database["trading_configs_audit"])
    problem = cli.as_json("verify", code=1)["problem"]
    assert (problem["sequence"], problem["kind"], problem["id"]) == (1, "config", "c1")


def test_an_older_change_that_was_added_to_the_trail_is_named(
    cli: CommandLine, with_change: dict[str, Any], reader: ChainReader
) -> None:
    trail = reader.database["trading_configs_audit"]
    trail.insert_one({**with_change, "_id": "c2", "revision": 4})
    assert cli.as_json("verify")["holds"]
    trail.insert_one({**with_change, "_id": "c0", "revision": 2})
    problem = cli.as_json("verify", code=1)["problem"]
    assert (problem["id"], "it was added" in problem["what"]) == ("c0", True)


def test_a_chain_without_the_checkpoints_that_are_due_is_broken(
    cli: CommandLine, mongo: Mongo, public_key: Path
) -> None:
    store_entries(mongo.url, chained([draft(number) for number in range(1300)]))
    assert cli.as_json("verify")["holds"]
    cli.environment["STRATEGIST_CHECKPOINT_RECORDS"] = "250"
    assert "entry 1: no checkpoint signs it and the 1299 after it" in cli.fails("verify")
    del cli.environment["STRATEGIST_AUDIT_PUBLIC_KEYS"]
    assert cli.as_json("verify")["signatures"] == "not checked"


def test_a_proof_holds_without_the_store(
    cli: CommandLine, chain: list[Entry], tmp_path: Path, public_key: Path
) -> None:
    proof = tmp_path / "proof.json"
    for entry in (chain[0], chain[6], chain[9]):
        proof.write_text(cli.done("prove", str(entry.sequence)))
        offline = CommandLine(audit_cli.app, {"MONGODB_URI": "", "STRATEGIST_AUDIT_PUBLIC_KEYS": ""})
        del offline.environment["MONGODB_URI"]
        assert "it holds" in offline.done("check", str(proof), "--public-key", str(public_key))
    forged = json.loads(proof.read_text())
    forged["entry"]["body"] = forged["entry"]["body"].replace("8", "9")
    proof.write_text(json.dumps(forged))
    assert "not what was recorded" in offline.fails("check", str(proof), "--public-key", str(public_key))


def test_what_no_checkpoint_covers_cannot_be_proved_yet(cli: CommandLine, chain: list[Entry]) -> None:
    assert "no checkpoint covers entry 15 yet" in cli.fails("prove", chain[-1].id)


def test_a_proof_needs_a_key_and_a_proof(cli: CommandLine, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    assert "is no proof" in cli.fails("check", str(broken), code=2)
    cli.environment["STRATEGIST_AUDIT_PUBLIC_KEYS"] = ""
    assert "--public-key" in cli.fails("check", str(broken), code=2)


def test_an_entry_is_shown_with_all_that_was_recorded(cli: CommandLine, chain: list[Entry]) -> None:
    (told,) = cli.as_json("show", chain[2].id)
    assert (told["sequence"], told["body"], told["altered"]) == (3, {"number": 2}, False)
    assert chain[2].digest in cli.done("show", "3")
    assert "nothing of the id" in cli.fails("show", "unknown")


def test_entries_are_found_by_what_they_say(cli: CommandLine, mongo: Mongo) -> None:
    drafts = [
        draft(0, symbol="BTCUSDT"),
        draft(1, symbol="ETHUSDT", verdict="vetoed", code="HALT_ACTIVE", signal="order-1"),
        draft(2, symbol="ETHUSDT"),
    ]
    store_entries(mongo.url, chained(drafts))

    def found(*words: str) -> list[int]:
        return [entry["sequence"] for entry in cli.as_json("query", *words)]

    assert found() == [3, 2, 1]
    assert found("--limit", "1") == [3]
    assert found("--symbol", "ethusdt", "--verdict", "approved") == [3]
    assert found("--signal", "order-1") == [2]
    assert found("--code", "HALT_ACTIVE") == [2]
    assert found("--since", "2026-02-25T12:00:01Z", "--until", "2026-02-25T12:00:02Z") == [2]
    assert found("--since", "1m") == []
    assert found("--strategy", "s", "--kind", "decision") == [3, 2, 1]
    assert found("--kind", "config") == []
    assert "no code of a veto" in cli.fails("query", "--code", "NO_SUCH", code=2)
    assert "no moment" in cli.fails("query", "--since", "yesterday", code=2)
    for command in ("query", "export", "reconcile"):
        assert "nothing lies from" in cli.fails(command, "--since", "1h", "--until", "2h", code=2)


def test_exports_hold_every_entry_with_all_that_is_digested(
    cli: CommandLine, chain: list[Entry], tmp_path: Path
) -> None:
    lines = [json.loads(line) for line in cli.done("export").splitlines()]
    assert [line["digest"] for line in lines] == [entry.digest for entry in chain]
    assert [line["body"] for line in lines] == [entry.body for entry in chain]
    file = tmp_path / "chain.parquet"
    cli.done("export", "--format", "parquet", "--output", str(file), "--kind", "decision")
    table = parquet.read_table(file).to_pylist()
    assert [row["sequence"] for row in table] == [entry.sequence for entry in chain if entry.kind == "decision"]
    assert table[0]["verdict"] == "approved"
    assert "needs --output" in cli.fails("export", "--format", "parquet", code=2)


def test_a_damaged_entry_is_not_shown_as_if_it_were_sound(
    cli: CommandLine, chain: list[Entry], reader: ChainReader
) -> None:
    raw = bson.encode({"_id": 5, "id": chain[4].id, "kind": "decision", "note": 1})
    reader.replace(5, raw)
    for words in (("show", "5"), ("show", chain[4].id), ("query",), ("export",)):
        assert "damaged" in cli.fails(*words)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_an_export_that_fails_leaves_the_file_that_was_there(
    cli: CommandLine, chain: list[Entry], reader: ChainReader, tmp_path: Path, form: str
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    file = folder / "chain"
    file.write_text("the week before")
    reader.replace(5, bson.encode({"_id": 5, "id": chain[4].id, "kind": "decision", "note": 1}))
    assert "damaged" in cli.fails("export", "--format", form, "--output", str(file))
    assert [(each, each.read_text()) for each in folder.iterdir()] == [(file, "the week before")]


def test_a_head_that_was_copied_wrongly_is_no_broken_chain(cli: CommandLine, chain: list[Entry]) -> None:
    head = chain[-1].head.shown()
    for wrong in (head.upper(), head[:-1], f"{head[:-1]}z"):
        assert "must look like" in cli.fails("verify", "--head", wrong, code=2)


def test_a_store_that_is_away_is_said(cli: CommandLine) -> None:
    cli.environment["MONGODB_URI"] = "mongodb://127.0.0.1:1/"
    assert "cannot be reached" in cli.fails("verify")


def test_keys_are_made_once_and_shown(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "new.pem"
    made = cli.as_json("key", "new", str(file))
    assert file.stat().st_mode & 0o077 == 0
    for each in (file, tmp_path / "new.pem.pub"):
        assert cli.as_json("key", "show", str(each))["key_id"] == made["key_id"]
    assert "never overwritten" in cli.fails("key", "new", str(file), code=2)
    file.write_text("no key")
    assert "holds no key" in cli.fails("key", "show", str(file), code=2)


def test_a_checkpoint_made_by_a_chain_without_one_before_proves_the_first_entry(
    cli: CommandLine, mongo: Mongo, key_file: Path
) -> None:
    entries = chained([draft(0)])
    _, sealed = signed(entries, Key(key_file))  # type: ignore[arg-type]
    store_entries(mongo.url, [*entries, sealed, link(draft(1), sealed.head)])
    assert json.loads(cli.done("prove", "1"))["path"] == []
