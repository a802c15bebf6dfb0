"""Recorded decisions in a chain on a real store, added by the recorder's own writer."""

from collections.abc import Sequence

from cio_strategist.adapters.mongo.chain_store import MongoChainStore
from cio_strategist.adapters.mongo.connection import connect
from cio_strategist.domain.record.recording import StreamedMessage, decision_draft
from cio_strategist.service.record.chain_writer import ChainWriter
from petrosa_contracts import streams, subjects
from petrosa_contracts.record import DecisionRecord
from tests.recorder_fakes import CountedMetrics
from tests.records import STRATEGY
from tests.strategist_fakes import SetClock


async def keep(uri: str, database: str, records: Sequence[DecisionRecord]) -> None:
    """Add records to the chain as if they had come from the stream."""
    async with connect(uri, database, retry_writes=False) as connection:
        store = MongoChainStore(connection)
        await store.prepare()
        writer = ChainWriter(
            store,
            clock=SetClock(),
            metrics=CountedMetrics(),
            signer=None,
            checkpoint_entries=1000,
            checkpoint_seconds=60,
        )
        await writer.append([decision_draft(_message(place, record)) for place, record in enumerate(records, 1)])


def _message(place: int, record: DecisionRecord) -> StreamedMessage:
    data = record.model_dump_json().encode()
    return StreamedMessage(
        streams.DECISIONS.name, place, subjects.decision_record(STRATEGY), {}, data, record.verdict.received_at
    )
