"""The command `python -m bench.recorder`: what the audit chain costs over the bare store, in ratios.

Windows alternate on one MongoDB-wire server, each on an empty database with the same indexes: the store's own bulk
insert of the documents that the recorder would write, then the recorder draining the same records from JetStream, with
checkpoints and acknowledgements. Verifying is compared with reading the same documents and doing nothing, and told
without the store as well.
"""

import asyncio
import base64
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import nats
import typer
from pydantic import SecretStr
from pymongo import MongoClient, WriteConcern
from rich.table import Table

from bench import report
from bench.machine import facts
from bench.results import FOLDER, Output, write
from bench.statistic import Spread
from cio_strategist.adapters import log
from cio_strategist.adapters.clock import SystemClock
from cio_strategist.adapters.mongo.chain_documents import entry_document, read_entry, split
from cio_strategist.adapters.mongo.chain_store import READ_AT_ONCE, MongoChainStore
from cio_strategist.adapters.mongo.connection import connect
from cio_strategist.adapters.mongo.lease import MongoLease
from cio_strategist.adapters.mongo.trail import MongoTrail
from cio_strategist.adapters.nats.jetstream import JetStreamSource, Streams, connected
from cio_strategist.adapters.signing import SigningKey, TrustedKeys
from cio_strategist.adapters.telemetry.gateway import Telemetry
from cio_strategist.adapters.telemetry.recorder import RecorderTelemetry
from cio_strategist.domain.record.entry import EMPTY, Entry, link
from cio_strategist.domain.record.recording import StreamedMessage, decision_draft
from cio_strategist.domain.record.walk import Walk
from cio_strategist.service.record.chain_writer import ChainWriter
from cio_strategist.service.record.leadership import Leadership
from cio_strategist.service.record.recorder import BATCH, Feed, Recorder
from cio_strategist.service.record.verification import verify
from devstack import DevStack
from petrosa_contracts import Alert, default_parameters, streams, subjects

DATABASE = "bench"
SMALLEST_SHARE = 0.7
"""Goal: the recorder reaches this share of the store's own rate."""
FASTEST_VERIFY = 50_000
"""Goal: entries verified a second, once they are read."""
PUBLISHED_AT_ONCE = 200
RECORDS_UNTIL_CHECKPOINT = 1000
LOOK_SECONDS = 0.02

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@dataclasses.dataclass(slots=True)
class Rates:
    """Documents a second, one value per round."""

    bulk_insert: list[float] = dataclasses.field(default_factory=list[float])
    recorder: list[float] = dataclasses.field(default_factory=list[float])
    read: list[float] = dataclasses.field(default_factory=list[float])
    verify: list[float] = dataclasses.field(default_factory=list[float])
    verify_in_memory: list[float] = dataclasses.field(default_factory=list[float])

    @property
    def recorder_share(self) -> Spread:
        """The recorder's rate as a share of the store's, each pair measured seconds apart."""
        return _shares(self.recorder, self.bulk_insert)

    @property
    def verify_share(self) -> Spread:
        """Verifying as a share of reading."""
        return _shares(self.verify, self.read)


@app.command()
def recorder(
    records: Annotated[int, typer.Option(min=100, help="Records in each round.")] = 4000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds, each with all windows.")] = 5,
    output: Output = FOLDER,
) -> None:
    """Measure the recorder against the store's own bulk insert, and verifying against reading."""
    about, began = facts(), datetime.now(UTC)
    log.configure("WARNING", sys.stderr)
    with DevStack(redis=False) as stack, tempfile.TemporaryDirectory() as folder:
        key = SigningKey.make(Path(folder) / "audit.pem")
        messages = [_message(number) for number in range(1, records + 1)]
        rates = Rates()
        for _ in range(rounds):
            asyncio.run(_round(stack, key, messages, rates))
    report.console().print(_table(rates, records))
    content = {"machine": about, "records": records, **dataclasses.asdict(rates)}
    report.console().print(f"All numbers: {write(output, began, content, of='recorder')}", soft_wrap=True)


async def _round(stack: DevStack, key: SigningKey, messages: Sequence[StreamedMessage], rates: Rates) -> None:
    entries = _chained(messages)
    rates.bulk_insert.append(await _bulk_insert(stack.mongo.url, entries))
    rates.recorder.append(await _record(stack, key, messages))
    rates.read.append(_read(stack.mongo.url))
    rates.verify.append(await _verify(stack.mongo.url, key))
    rates.verify_in_memory.append(_verify_in_memory(stack.mongo.url))


async def _bulk_insert(uri: str, entries: Sequence[Entry]) -> float:
    documents = [entry_document(entry) for entry in entries]
    await _emptied(uri)
    with MongoClient[dict[str, Any]](uri) as client:
        durable = WriteConcern(w="majority", j=True)
        collection = client[DATABASE].get_collection("audit_chain", write_concern=durable)
        started = time.perf_counter()
        for first in range(0, len(documents), BATCH):
            collection.insert_many(documents[first : first + BATCH])
        return len(documents) / (time.perf_counter() - started)


async def _record(stack: DevStack, key: SigningKey, messages: Sequence[StreamedMessage]) -> float:
    await _emptied(stack.mongo.url)
    await _published(stack.nats.url, messages)
    async with AsyncExitStack() as opened:
        mongo = await opened.enter_async_context(connect(stack.mongo.url, DATABASE, retry_writes=False))
        jetstream = await opened.enter_async_context(connected(SecretStr(stack.nats.url), name="bench"))
        metrics, clock, store = RecorderTelemetry(Telemetry().registry), SystemClock(), MongoChainStore(mongo)
        writer = ChainWriter(
            store,
            clock=clock,
            metrics=metrics,
            signer=key,
            checkpoint_entries=RECORDS_UNTIL_CHECKPOINT,
            checkpoint_seconds=300,
        )
        source = JetStreamSource(Streams(lambda: jetstream, (), replicas=1), streams.DECISIONS.name)
        recorder = Recorder(
            leadership=Leadership(MongoLease(mongo, holder="bench", clock=clock)),
            store=store,
            writer=writer,
            feeds=[Feed(source, decision_draft)],
            trail=MongoTrail(mongo),
            clock=clock,
            metrics=metrics,
            alerts=_NoAlerts(),
        )
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work()) for work in recorder.tasks()]
            while await source.waiting():  # noqa: ASYNC110 - only the server knows, and has to be asked
                await asyncio.sleep(LOOK_SECONDS)
            seconds = time.perf_counter() - started
            for task in tasks:
                task.cancel()
        return len(messages) / seconds


class _NoAlerts:
    """Where there is nobody to tell."""

    async def tell(self, alert: Alert) -> None:
        raise RuntimeError(f"the benchmark raised an alert: {alert.message}")


def _read(uri: str) -> float:
    with MongoClient[dict[str, Any]](uri) as client:
        found = client[DATABASE]["audit_chain"].find_raw_batches({}, sort=[("_id", 1)], batch_size=READ_AT_ONCE)
        return _rate(lambda: sum(1 for batch in found for _ in split(batch)))


async def _verify(uri: str, key: SigningKey) -> float:
    async with connect(uri, DATABASE) as mongo:
        started = time.perf_counter()
        found = await verify(
            MongoChainStore(mongo),
            MongoTrail(mongo),
            TrustedKeys(key.public),
            checkpoint_entries=RECORDS_UNTIL_CHECKPOINT,
        )
        if found.problem is not None:
            raise RuntimeError(f"the chain of the benchmark does not hold: {found.problem.shown()}")
        return found.entries / (time.perf_counter() - started)


def _verify_in_memory(uri: str) -> float:
    with MongoClient[dict[str, Any]](uri) as client:
        found = client[DATABASE]["audit_chain"].find_raw_batches({}, sort=[("_id", 1)], batch_size=READ_AT_ONCE)
        batches = list(found)

    def walk() -> int:
        taken = Walk(None)
        for document in (document for batch in batches for document in split(batch)):
            entry = read_entry(document)
            if entry is None or taken.take(entry) is not None:
                raise RuntimeError("the chain of the benchmark does not hold")
        return taken.head.sequence

    return _rate(walk, time.process_time)


def _rate(work: Callable[[], int], clock: Callable[[], float] = time.perf_counter) -> float:
    started = clock()
    return work() / (clock() - started)


async def _emptied(uri: str) -> None:
    with MongoClient[dict[str, Any]](uri) as client:
        client.drop_database(DATABASE)
    async with connect(uri, DATABASE) as mongo:
        await MongoChainStore(mongo).prepare()


async def _published(uri: str, messages: Sequence[StreamedMessage]) -> None:
    client = await nats.connect(uri)
    jetstream = client.jetstream()
    async with connected(SecretStr(uri), name="bench") as fresh:
        for info in await jetstream.streams_info():
            await jetstream.delete_stream(info.config.name or "")
        await Streams(lambda: fresh, (streams.DECISIONS,), replicas=1).ready()
    for first in range(0, len(messages), PUBLISHED_AT_ONCE):
        await asyncio.gather(
            *(jetstream.publish(each.subject, each.data) for each in messages[first : first + PUBLISHED_AT_ONCE])
        )
    await client.close()


def _chained(messages: Sequence[StreamedMessage]) -> list[Entry]:
    entries: list[Entry] = []
    head = EMPTY
    for message in messages:
        entries.append(link(decision_draft(message), head))
        head = entries[-1].head
    return entries


def _message(number: int) -> StreamedMessage:
    """Return a record of the usual size: a payload of 40 fields, and three layers of policy."""
    now = datetime.now(UTC)
    layer = {"version": 3, "parameters": default_parameters(), "updated_at": now.isoformat(), "updated_by": "bench"}
    record = {
        "form": 1,
        "verdict": {
            "decision_id": f"{number:032x}",
            "verdict": "vetoed",
            "code": "HALT_ACTIVE",
            "strategy_id": "momentum_v1",
            "symbol": "BTCUSDT",
            "action": "buy",
            "received_at": now.isoformat(),
        },
        "raw": base64.b64encode(
            json.dumps({f"field_{n}": f"value {n} of {number}" for n in range(40)}).encode()
        ).decode(),
        "subject": subjects.intent("momentum_v1"),
        "headers": {},
        "inputs": {"layers": dict.fromkeys(("global", "symbol:BTCUSDT", "strategy:momentum_v1"), layer)},
    }
    data = json.dumps(record, default=str).encode()
    return StreamedMessage(streams.DECISIONS.name, number, subjects.decision_record("momentum_v1"), {}, data, now)


def _shares(some: Sequence[float], of: Sequence[float]) -> Spread:
    return Spread.of([one / whole for one, whole in zip(some, of, strict=True)])


def _table(rates: Rates, records: int) -> Table:
    table = report.table_of(
        f"The audit chain, {records} records a round (median, smallest and largest)",
        ("documents/s", "share", "goal"),
    )
    share, goal = rates.recorder_share, f"at least {SMALLEST_SHARE:.0%}"
    table.add_row("the store's own bulk insert", _spread(rates.bulk_insert), "", "")
    table.add_row("recorder, from the stream", _spread(rates.recorder), _percent(share), goal)
    table.add_row("reading alone", _spread(rates.read), "", "")
    table.add_row("verify", _spread(rates.verify), _percent(rates.verify_share), "")
    table.add_row("verify, once read", _spread(rates.verify_in_memory), "", f"at least {FASTEST_VERIFY:,}/s")
    return table


def _spread(values: Sequence[float]) -> str:
    spread = Spread.of(values)
    return f"{spread.median:,.0f} ({spread.low:,.0f} to {spread.high:,.0f})"


def _percent(spread: Spread) -> str:
    return f"{spread.median:.0%} ({spread.low:.0%} to {spread.high:.0%})"


if __name__ == "__main__":
    app()
