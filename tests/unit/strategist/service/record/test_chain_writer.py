import pytest

from cio_strategist.domain.record.entry import EMPTY, Kind
from cio_strategist.domain.record.walk import Walk
from cio_strategist.errors import EntriesLostError, StoreUnreachableError
from cio_strategist.service.record.chain_writer import ChainWriter
from tests.chains import PlainKey, chained, draft
from tests.recorder_fakes import CountedMetrics, FakeChainStore
from tests.strategist_fakes import SetClock

KEY = PlainKey()


class Writing:
    """Writers on one store."""

    def __init__(self) -> None:
        self.store = FakeChainStore()
        self.clock = SetClock()
        self.metrics = CountedMetrics()

    def writer(self, *, signer: PlainKey | None = None, entries: int = 3) -> ChainWriter:
        return ChainWriter(
            self.store,
            clock=self.clock,
            metrics=self.metrics,
            signer=signer,
            checkpoint_entries=entries,
            checkpoint_seconds=60,
        )

    def ids(self) -> list[str]:
        return [entry.id for entry in self.store.entries if entry.kind != Kind.CHECKPOINT]

    def holds(self) -> bool:
        walk = Walk(KEY)
        return all(walk.take(entry) is None for entry in self.store.entries)


@pytest.fixture
def writing() -> Writing:
    return Writing()


async def test_what_is_added_follows_what_is_there(writing: Writing) -> None:
    writer = writing.writer()
    assert writer.head == EMPTY
    assert await writer.append([draft(0), draft(1)]) == 2
    assert await writing.writer().append([draft(2)]) == 1
    assert writing.holds()
    assert writing.metrics.kinds == {"decision": 3}


async def test_what_comes_again_is_in_the_chain_once(writing: Writing) -> None:
    writer = writing.writer()
    await writer.append([draft(0), draft(1)])
    assert await writer.append([draft(1), draft(2), draft(0), draft(2)]) == 1
    assert writing.ids() == [draft(number).id for number in range(3)]
    assert writing.metrics.again == 3
    assert writing.holds()


async def test_another_record_of_the_same_id_is_kept_beside_the_first(writing: Writing) -> None:
    writer = writing.writer()
    await writer.append([draft(0)])
    forged = draft(0, body='{"number": 99}')
    assert await writer.append([forged, draft(1)]) == 2
    assert await writer.append([forged]) == 0
    assert [entry.kind for entry in writing.store.entries] == ["decision", "refused", "decision"]
    assert "contradicts" in writing.store.entries[1].body
    assert writing.holds()


async def test_two_that_come_at_once_with_one_id_and_different_content_are_both_kept(writing: Writing) -> None:
    await writing.writer().append([draft(0), draft(0, body="{}")])
    assert [entry.kind for entry in writing.store.entries] == ["decision", "refused"]


async def test_a_writer_that_others_have_overtaken_looks_again(writing: Writing) -> None:
    stale, other = writing.writer(), writing.writer()
    await stale.append([draft(0)])
    await other.append([draft(1), draft(2)])
    assert await stale.append([draft(2), draft(3)]) == 1
    assert writing.ids() == [draft(number).id for number in range(4)]
    assert writing.holds()


@pytest.mark.parametrize("written", [0, 1, 2])
async def test_a_store_that_goes_away_in_the_middle_leaves_a_chain_that_is_taken_up(
    writing: Writing, written: int
) -> None:
    writer = writing.writer(signer=KEY)
    writing.store.die_after = written
    drafts = [draft(number) for number in range(3)]
    with pytest.raises(StoreUnreachableError):
        await writer.append(drafts)
    assert writing.holds()
    assert await writer.append(drafts) == 3 - written
    assert writing.ids() == [each.id for each in drafts]
    assert writing.holds()


@pytest.mark.parametrize("left", [0, 1, 2])
async def test_a_store_that_lost_what_it_had_acknowledged_gets_no_gap(writing: Writing, left: int) -> None:
    writer = writing.writer(signer=KEY)
    await writer.append([draft(number) for number in range(3)])
    del writing.store.entries[left:]
    await writer.append([draft(9)])
    assert writer.losses == 1
    await writer.append([draft(number) for number in range(3)])
    assert sorted(writing.ids()) == sorted(draft(number).id for number in (0, 1, 2, 9))
    assert writing.holds()


@pytest.mark.parametrize("failed", [False, True])
async def test_who_looked_before_a_loss_adds_nothing_until_he_has_looked_again(writing: Writing, failed: bool) -> None:
    writer = writing.writer()
    await writer.append([draft(number) for number in range(3)])
    if failed:
        writing.store.die_after = 0
        with pytest.raises(StoreUnreachableError):
            await writer.append([draft(3)])
    del writing.store.entries[1:]
    for _ in range(2):
        with pytest.raises(EntriesLostError):
            await writer.append([draft(3)], losses=0)
    assert writing.ids() == [draft(0).id]
    await writer.append([draft(1)], losses=writer.losses)
    assert writing.ids() == [draft(0).id, draft(1).id]


async def test_a_checkpoint_follows_as_soon_as_enough_entries_wait(writing: Writing) -> None:
    writer = writing.writer(signer=KEY)
    await writer.append([draft(0), draft(1)])
    assert writer.signed_to == 0
    await writer.append([draft(2)])
    assert writer.signed_to == 3
    await writing.writer(signer=KEY).append([draft(number) for number in range(3, 6)])
    assert [entry.kind for entry in writing.store.entries].count("checkpoint") == 2
    assert writing.holds()


async def test_a_checkpoint_follows_after_a_while_if_there_is_anything_new(writing: Writing) -> None:
    writer = writing.writer(signer=KEY, entries=100)
    await writer.sign_if_due()
    assert writing.store.entries == []
    await writer.append([draft(0)])
    await writer.sign_if_due()
    assert writer.signed_to == 1
    await writer.append([draft(1)])
    writing.clock.advance(seconds=59)
    await writer.sign_if_due()
    assert writer.signed_to == 1
    writing.clock.advance(seconds=1)
    await writer.sign_if_due()
    await writer.sign_if_due()
    assert writer.signed_to == 3
    assert len(writing.store.entries) == 4
    assert writing.holds()


async def test_nothing_is_signed_that_others_have_added_to_meanwhile(writing: Writing) -> None:
    def another_is_faster() -> None:
        writing.store.before_insert = lambda: None
        writing.store.entries += chained([draft(1)], writing.store.entries[-1].head)

    writer = writing.writer(signer=KEY, entries=100)
    await writer.append([draft(0)])
    writing.store.before_insert = another_is_faster
    await writer.sign_if_due()
    assert [entry.kind for entry in writing.store.entries] == ["decision", "decision"]
    await writer.sign_if_due()
    assert writer.signed_to == 2
    assert writing.holds()


async def test_without_a_key_there_are_no_checkpoints(writing: Writing) -> None:
    writer = writing.writer(entries=1)
    await writer.append([draft(0), draft(1)])
    await writer.sign_if_due()
    assert len(writing.store.entries) == 2


async def test_a_chain_that_was_kept_without_a_key_is_signed_from_its_first_entry_on(writing: Writing) -> None:
    await writing.writer().append([draft(0), draft(1)])
    await writing.writer(signer=KEY).append([draft(2)])
    assert writing.store.entries[-1].facts == {"first": 1, "last": 3}
    assert writing.holds()
