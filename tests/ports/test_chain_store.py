"""What every store of the chain does."""

import asyncio
from datetime import timedelta

import pytest

from cio_strategist.domain.record.accounting import Seen
from cio_strategist.domain.record.checkpoint import Checkpoint
from cio_strategist.domain.record.entry import EMPTY
from cio_strategist.errors import StoreUnreachableError
from cio_strategist.ports import Inserted, Taken
from tests.chains import NOON, PlainKey, chained, draft, signed_chain
from tests.ports.chain_worlds import ChainWorld

KEY = PlainKey()


async def test_an_empty_store_has_an_empty_chain(chain: ChainWorld) -> None:
    assert await chain.store.head() == EMPTY
    assert await chain.store.newest_checkpoint() is None
    assert await chain.store.newest_revision() is None
    assert await chain.store.recorded_to("CIO_DECISIONS") is None
    assert [digest async for digest in chain.store.digests(1, 9)] == []


async def test_what_was_inserted_is_there(chain: ChainWorld) -> None:
    entries = chained([draft(number) for number in range(5)])
    assert await chain.store.insert(entries) == Inserted(5)
    assert await chain.another_store.head() == entries[-1].head
    assert await chain.store.digest_at(3) == entries[2].digest
    assert await chain.store.digest_at(6) is None
    assert [digest async for digest in chain.store.digests(2, 4)] == [entry.digest for entry in entries[1:4]]


async def test_inserting_ends_at_a_sequence_that_is_taken(chain: ChainWorld) -> None:
    entries = chained([draft(number) for number in range(4)])
    rival = chained([draft(9), draft(9), draft(9)])[2]
    await chain.store.insert([rival])
    assert await chain.another_store.insert(entries) == Inserted(2, Taken.SEQUENCE)
    assert (await chain.store.head()).sequence == 3


async def test_inserting_ends_at_an_id_that_is_taken(chain: ChainWorld) -> None:
    entries = chained([draft(0), draft(1), draft(2), draft(1), draft(3)])
    assert await chain.store.insert(entries) == Inserted(3, Taken.ID)
    assert (await chain.store.head()).sequence == 3


async def test_of_many_writers_at_once_one_has_each_sequence(chain: ChainWorld) -> None:
    rivals = [chained([draft(number)])[0] for number in range(8)]
    outcomes = await asyncio.gather(
        *((chain.store if number % 2 else chain.another_store).insert([entry]) for number, entry in enumerate(rivals))
    )
    assert sum(outcome.count for outcome in outcomes) == 1
    assert {outcome.stopped_by for outcome in outcomes if not outcome.count} == {Taken.SEQUENCE}


async def test_bodies_are_those_of_the_ids_that_are_there(chain: ChainWorld) -> None:
    entries = chained([draft(0), draft(1)])
    await chain.store.insert(entries)
    wanted = [("decision", entries[0].id), ("config", entries[1].id), ("decision", "unknown")]
    assert await chain.store.bodies(wanted) == {("decision", entries[0].id): entries[0].body}


async def test_the_newest_checkpoint_is_found_behind_whatever_came_after(chain: ChainWorld) -> None:
    entries = signed_chain([2, 3], KEY, tail=4)
    await chain.store.insert(entries)
    checkpoint = await chain.store.newest_checkpoint()
    assert checkpoint == Checkpoint.model_validate_json(entries[6].body)


async def test_where_a_stream_and_the_trail_were_read_to_is_known(chain: ChainWorld) -> None:
    drafts = [
        draft(0, stream="CIO_DECISIONS", stream_sequence=7),
        draft(1, stream="CIO_FAILSAFE", stream_sequence=2),
        draft(2, revision=9),
        draft(3, stream="CIO_DECISIONS", stream_sequence=8),
        draft(4, revision=10),
    ]
    await chain.store.insert(chained(drafts))
    assert await chain.store.recorded_to("CIO_DECISIONS") == 8
    assert await chain.store.recorded_to("CIO_FAILSAFE") == 2
    assert await chain.store.recorded_to("CIO_INTENTS") is None
    assert await chain.store.newest_revision() == 10


@pytest.mark.parametrize(("places", "known"), [([5, 7, 6], 7), ([5, 8, 6], 6), ([8, 5], 5), ([5, 5, 6], 6)])
async def test_a_stream_counts_as_recorded_up_to_the_first_place_that_is_missing(
    chain: ChainWorld, places: list[int], known: int
) -> None:
    drafts = [draft(number, stream="CIO_DECISIONS", stream_sequence=place) for number, place in enumerate(places)]
    await chain.store.insert(chained(drafts))
    assert await chain.store.recorded_to("CIO_DECISIONS") == known


async def test_decisions_of_a_time_are_told(chain: ChainWorld) -> None:
    drafts = [draft(number, subject="cio.intent.x", payload="ab" * 32) for number in range(5)]
    await chain.store.insert(chained(drafts))
    found = await chain.store.decisions(NOON + timedelta(seconds=1), NOON + timedelta(seconds=3))
    assert list(found) == [
        Seen("cio.intent.x", "ab" * 32, NOON + timedelta(seconds=number), drafts[number].id) for number in (1, 2)
    ]


async def test_a_store_that_is_away_says_so_and_works_again_when_it_is_back(chain: ChainWorld) -> None:
    entries = chained([draft(0), draft(1)])
    await chain.store.insert(entries[:1])
    await chain.stop()
    for question in (chain.store.head(), chain.store.insert(entries[1:]), chain.store.newest_checkpoint()):
        with pytest.raises(StoreUnreachableError):
            await question
    await chain.start()
    deadline = asyncio.get_running_loop().time() + 30
    while True:
        try:
            head = await chain.store.head()
            break
        except StoreUnreachableError:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)
    assert head == entries[0].head
    assert await chain.store.insert(entries[1:]) == Inserted(1)
