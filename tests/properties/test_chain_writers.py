"""Several writers, records that come again, and a store that goes away at any point: the chain has each once."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.domain.record.entry import Kind
from cio_strategist.domain.record.walk import Walk
from cio_strategist.errors import StoreUnreachableError
from cio_strategist.service.record.chain_writer import ChainWriter
from tests.chains import PlainKey, draft
from tests.recorder_fakes import CountedMetrics, FakeChainStore
from tests.strategist_fakes import SetClock

KEY = PlainKey()
batches = st.lists(
    st.tuples(st.integers(0, 2), st.lists(st.integers(0, 15), min_size=1, max_size=6), st.none() | st.integers(0, 6)),
    min_size=1,
    max_size=12,
)


@given(batches, st.integers(1, 5))
def test_whatever_happens_the_chain_holds_and_has_every_record_once(
    history: list[tuple[int, list[int], int | None]], checkpoint_entries: int
) -> None:
    store, clock = FakeChainStore(), SetClock()
    writers = [
        ChainWriter(
            store,
            clock=clock,
            metrics=CountedMetrics(),
            signer=KEY,
            checkpoint_entries=checkpoint_entries,
            checkpoint_seconds=10,
        )
        for _ in range(3)
    ]

    async def run() -> None:
        for writer, numbers, die_after in history:
            store.die_after = die_after
            clock.advance(seconds=4)
            for _ in range(2):
                try:
                    await writers[writer].append([draft(number) for number in numbers])
                    await writers[writer].sign_if_due()
                except StoreUnreachableError:
                    continue
                break

    asyncio.run(run())
    walk = Walk(KEY)
    assert [walk.take(entry) for entry in store.entries] == [None] * len(store.entries)
    recorded = [entry.id for entry in store.entries if entry.kind != Kind.CHECKPOINT]
    assert sorted(recorded) == sorted({draft(number).id for _, numbers, _ in history for number in numbers})
