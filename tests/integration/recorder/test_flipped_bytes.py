"""Bytes of stored documents are flipped one at a time, and verifying names the document that it was."""

import asyncio
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from cio_strategist.adapters.mongo.chain_documents import split
from cio_strategist.adapters.mongo.chain_store import MongoChainStore
from cio_strategist.adapters.mongo.connection import connect
from cio_strategist.adapters.mongo.trail import MongoTrail
from cio_strategist.adapters.signing import SigningKey, TrustedKeys
from cio_strategist.service.record.verification import verify
from devstack import DevStack, Mongo
from tests.chains import signed_chain
from tests.integration.recorder.recorders import DATABASE, store_entries

pytestmark = pytest.mark.servers

PLACE = range(4, 13)
"""Bytes that say a document's place in the chain: altered, it is met elsewhere, and named by where it is met."""

Flip = tuple[int, int, int]
"""Sequence of a document, one of its bytes, and one of the bits of that."""


class StoredBytes:
    """A chain in a real store, down to its bytes."""

    def __init__(self, mongo: Mongo, client: MongoClient[dict[str, Any]], key_file: Path, sizes: list[int]) -> None:
        self._mongo = mongo
        self._keys = TrustedKeys(SigningKey.read(key_file).public)
        client.drop_database(DATABASE)
        self.entries = signed_chain(sizes, SigningKey.read(key_file), tail=2)  # type: ignore[arg-type]
        store_entries(mongo.url, self.entries)
        self._collection = client[DATABASE]["audit_chain"]
        batches = self._collection.find_raw_batches({}, sort=[("_id", 1)])
        self.documents = [document for batch in batches for document in split(batch)]

    def count_found(self, flips: Iterable[Flip]) -> int:
        """See that each flip is found; return how many the store could hold: it takes no broken UTF-8, for one."""
        return asyncio.run(self._count_found(flips))

    async def _count_found(self, flips: Iterable[Flip]) -> int:
        found = 0
        async with connect(self._mongo.url, DATABASE) as connection:
            store, trail = MongoChainStore(connection), MongoTrail(connection)
            for sequence, at, bit in flips:
                if not self._hold(sequence, at, bit):
                    continue
                problem = (await verify(store, trail, self._keys, checkpoint_entries=1000)).problem
                assert problem is not None, (sequence, at, bit)
                assert at in PLACE or problem.sequence == sequence, (problem, at, bit)
                found += 1
            self._write(self.documents)
            assert (await verify(store, trail, self._keys, checkpoint_entries=1000)).problem is None
        return found

    def _hold(self, sequence: int, at: int, bit: int) -> bool:
        """Have the store hold the chain with that bit flipped; false for what no store takes."""
        flipped = bytearray(self.documents[sequence - 1])
        flipped[at] ^= 1 << bit
        try:
            self._write([*self.documents[: sequence - 1], bytes(flipped), *self.documents[sequence:]])
        except (PyMongoError, BSONError, LookupError):  # the library forgets that a length may be negative
            return False
        return True

    def _write(self, documents: list[bytes]) -> None:
        self._collection.delete_many({})
        self._collection.insert_many([RawBSONDocument(document) for document in documents])


@pytest.fixture(scope="module")
def mongo() -> Iterator[Mongo]:
    with DevStack(nats=False, redis=False) as stack:
        yield stack.mongo


@pytest.fixture
def client(mongo: Mongo) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](mongo.url) as client:
        yield client


def test_every_byte_of_a_decision_and_of_a_checkpoint_counts(
    mongo: Mongo, client: MongoClient[dict[str, Any]], key_file: Path
) -> None:
    chain, dice = StoredBytes(mongo, client, key_file, [2]), random.Random(1)
    assert [entry.kind for entry in chain.entries[1:3]] == ["decision", "checkpoint"]
    flips = [(place, at, dice.randrange(8)) for place in (2, 3) for at in range(len(chain.documents[place - 1]))]
    assert chain.count_found(flips) > len(flips) // 2


@pytest.mark.slow
def test_a_byte_anywhere_in_a_longer_chain_counts(
    mongo: Mongo, client: MongoClient[dict[str, Any]], key_file: Path
) -> None:
    chain, dice = StoredBytes(mongo, client, key_file, [30, 1, 40]), random.Random(2)
    flips: list[Flip] = []
    for _ in range(2000):
        place = dice.randrange(len(chain.documents))
        flips.append((place + 1, dice.randrange(len(chain.documents[place])), dice.randrange(8)))
    assert chain.count_found(flips) > len(flips) // 2
