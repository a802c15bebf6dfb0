"""The load generator, a process of its own: `python -m bench.load NATS_URL`.

It reads jobs from standard input and answers each on standard output, one JSON object per line, until its input ends.
Requests share one wildcard inbox, and the reply subject ends with the number of the request.
"""

import asyncio
import gc
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import nats
import uvloop
from nats.aio.client import Client
from nats.aio.msg import Msg

from bench.responders import DURABLE, ECHO, RELAY
from bench.samples import Intents
from petrosa_contracts import subjects

LEAD_SECONDS = 0.02
"""Time between the start of a paced job and its first request."""

SETTLE_SECONDS = 0.3
"""What a saturating job does not count at its beginning."""

LATE_SECONDS = 2.0
"""How long the last replies may take before they count as lost."""

ANSWERED = "answered"
"""Outcome of a reply whose content does not matter."""

_SUBJECTS = {"echo": ECHO, "relay": RELAY, "durable": DURABLE, "ping": subjects.PING, "heartbeat": subjects.HEARTBEAT}
_CODE = b'"code":'


@dataclass(slots=True)
class _Run:
    """One job under way. Times are seconds on the clock that never jumps."""

    prefix: str
    targets: Sequence[str]
    intents: Intents
    due: list[float] = field(default_factory=list[float])
    late: list[float] = field(default_factory=list[float])
    took: list[list[float]] = field(default_factory=list[list[float]])
    outcomes: Counter[str] = field(default_factory=Counter[str])
    answered: int = 0
    refill_until: float = 0.0
    count_from: float = 0.0
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0


class LoadGenerator:
    """Sends requests over one connection and notes when each is answered."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox = client.new_inbox()
        self._runs = 0
        self._run: _Run | None = None

    async def listen(self) -> None:
        """Subscribe to the inbox; done once, before the first job."""
        await self._client.subscribe(f"{self._inbox}.>", cb=self._on_reply)
        # The client sends its ping ahead of what waits to be sent, so only the second answer proves anything.
        await self._client.flush()
        await self._client.flush()

    async def paced(self, *, targets: Sequence[str], kind: Any, rate: int, seconds: float) -> Mapping[str, Any]:
        """Send at a fixed rate, whatever comes back (open loop), to the targets in turn.

        Latency counts from the moment at which a request was due, so a stall is not hidden by requests that were not
        sent while it lasted. How late they were really sent is reported beside it.
        """
        run = self._begin(targets, kind)
        start = time.perf_counter() + LEAD_SECONDS
        due = [start + number / rate for number in range(int(rate * seconds))]
        wake = asyncio.Event()
        loop = asyncio.get_running_loop()
        threading.Thread(target=_beat, args=(due, loop, wake), daemon=True).start()
        while run.sent < len(due):
            await wake.wait()
            wake.clear()
            now = time.perf_counter()
            while run.sent < len(due) and due[run.sent] <= now:
                run.late.append(now - due[run.sent])
                await self._send(run, due[run.sent])
        return await self._finish(run, seconds)

    async def saturate(self, *, targets: Sequence[str], kind: Any, window: int, seconds: float) -> Mapping[str, Any]:
        """Keep `window` requests outstanding: each reply sends the next one (closed loop)."""
        run = self._begin(targets, kind)
        run.count_from = time.perf_counter() + SETTLE_SECONDS
        run.refill_until = run.count_from + seconds
        for _ in range(window):
            await self._send(run, time.perf_counter())
        await asyncio.sleep(SETTLE_SECONDS + seconds)
        return await self._finish(run, seconds)

    def _begin(self, targets: Sequence[str], kind: Any) -> _Run:
        gc.collect()
        self._runs += 1
        run = _Run(f"{self._inbox}.{self._runs}.", targets, Intents(kind), took=[[] for _ in targets])
        self._run = run
        return run

    async def _send(self, run: _Run, due: float) -> None:
        number = run.sent
        target = run.targets[number % len(run.targets)]
        if target in {"ping", "heartbeat"}:
            subject, payload = _SUBJECTS[target], b""
        else:
            subject, payload = run.intents.next(datetime.now(UTC).isoformat())
            subject = _SUBJECTS.get(target, subject)
        run.due.append(due)
        run.sent += 1
        await self._client.publish(subject, payload, reply=f"{run.prefix}{number}")

    async def _on_reply(self, message: Msg) -> None:
        now = time.perf_counter()
        run = self._run
        if run is None or not message.subject.startswith(run.prefix):
            return
        number = int(message.subject[len(run.prefix) :])
        place = number % len(run.targets)
        run.answered += 1
        if run.refill_until == 0 or run.count_from <= now < run.refill_until:
            run.took[place].append((now - run.due[number]) * 1000)
            run.outcomes[_outcome(run.targets[place], message)] += 1
        if now < run.refill_until:
            await self._send(run, time.perf_counter())
        elif run.answered == run.sent:
            run.finished.set()

    async def _finish(self, run: _Run, seconds: float) -> Mapping[str, Any]:
        # It was set whenever nothing happened to be outstanding; only what is sent by now counts.
        run.finished.clear()
        try:
            async with asyncio.timeout(LATE_SECONDS):
                if run.answered < run.sent:
                    await run.finished.wait()
        except TimeoutError:
            run.outcomes["lost"] = run.sent - run.answered
        self._run = None
        return {
            "seconds": seconds,
            "sent": run.sent,
            "answered": run.answered,
            "outcomes": dict(run.outcomes),
            "milliseconds": [[round(value, 4) for value in took] for took in run.took],
            "sent_late_ms": [round(value * 1000, 4) for value in run.late],
        }


def _beat(due: Sequence[float], loop: asyncio.AbstractEventLoop, wake: asyncio.Event) -> None:
    """Wake the loop at each moment. A thread sleeps to within some 0.1 ms; the loop's own timers only to 1 ms."""
    for moment in due:
        remaining = moment - time.perf_counter()
        if remaining > 0:
            time.sleep(remaining)
        loop.call_soon_threadsafe(wake.set)


def _outcome(target: str, message: Msg) -> str:
    data = message.data
    if target == "gate":
        if not data:
            return "nobody"
        # Looking for one field costs a tenth of decoding the whole verdict.
        at = data.index(_CODE) + len(_CODE)
        return "approved" if data[at : at + 4] == b"null" else data[at + 1 : data.index(b'"', at + 1)].decode()
    if target in {"ping", "heartbeat"}:
        return str(json.loads(data)["status"]) if data else "nobody"
    if not data:
        return "nobody"
    return ANSWERED


async def serve(nats_url: str) -> None:
    """Do jobs until standard input ends."""
    client = await nats.connect(nats_url, name="bench-load", allow_reconnect=False)
    generator = LoadGenerator(client)
    await generator.listen()
    # Nothing here makes cycles; a collection in the midst of a window would look like a stall of what is measured.
    gc.disable()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        job = json.loads(line)
        work = generator.paced if job.pop("job") == "paced" else generator.saturate
        print(json.dumps(await work(**job)), flush=True)
    await client.close()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
