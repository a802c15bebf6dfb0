"""The gate's neighbours: bots that send intents, and the order engine that takes signals."""

import asyncio
import copy
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import uuid4

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from petrosa_contracts import GovernanceHeartbeat, Verdict, subjects
from tests.integration.nurse.polling import eventually

_taken_seconds: set[int] = set()

ANSWER_SECONDS = 30.0
"""How long tests wait for an answer that must come; far longer than a bot would."""


def timestamp(*, seconds: float = 0.0) -> str:
    """Return the present, moved by some seconds, in the form that bots send."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def intent(strategy_id: str = "momentum_v1", *, without: Sequence[str] = (), **fields: Any) -> dict[str, Any]:
    """Return a small buy that the default policy approves, with an id of its own, changed as asked for."""
    made = {
        "strategy_id": strategy_id,
        "strategy": strategy_id,
        "source": "test_bot",
        "intent_id": uuid4().hex,
        "symbol": "BTCUSDT",
        "action": "buy",
        "confidence": 0.9,
        "price": 50000.0,
        "current_price": 50000.0,
        "quantity": 0.01,
        "timestamp": timestamp(),
        **fields,
    }
    return {name: value for name, value in made.items() if name not in without}


def exit_of(strategy_id: str = "momentum_v1", **fields: Any) -> dict[str, Any]:
    """Return a close with an id of its own."""
    return intent(strategy_id, action="close", **fields)


def refreshed(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a producer's payload as if sent now: the same form of timestamp, fresh ids where it has ids."""
    fresh = copy.deepcopy(dict(payload))
    for name in ("intent_id", "signal_id", "id"):
        if isinstance(fresh.get(name), str):
            fresh[name] = uuid4().hex
    fresh["timestamp"] = _same_form(fresh.get("timestamp"))
    return fresh


def _same_form(before: object) -> object:
    now = datetime.now(UTC)
    if isinstance(before, float):
        return now.timestamp()
    if isinstance(before, int):
        return _second_of_its_own(int(now.timestamp()))
    if is_number_as_text(before):
        return str(now.timestamp())
    aware = isinstance(before, str) and datetime.fromisoformat(before).tzinfo is not None
    return (now if aware else now.replace(tzinfo=None)).isoformat()


def _second_of_its_own(second: int) -> int:
    """Return the newest second that was not given out: without an id, the bytes would be those of a repetition."""
    while second in _taken_seconds:
        second -= 1
    _taken_seconds.add(second)
    return second


def is_number_as_text(value: object) -> bool:
    """Whether a timestamp is epoch seconds in quotes, which the gate does not take for an instant."""
    return isinstance(value, str) and value.replace(".", "", 1).isdigit()


def instant_of(timestamp: object) -> datetime:
    """Return the instant of a timestamp that the gate accepts, read independently of it."""
    if isinstance(timestamp, str):
        moment = datetime.fromisoformat(timestamp)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    assert isinstance(timestamp, int | float)
    return datetime.fromtimestamp(timestamp, UTC)


class Recorder:
    """Keeps every message of a subscription, in order."""

    def __init__(self) -> None:
        self.messages: list[Msg] = []

    async def keep(self, message: Msg) -> None:
        """Keep a message."""
        self.messages.append(message)

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """The messages' JSON objects."""
        return [json.loads(message.data) for message in self.messages]


class Engine(Recorder):
    """A stand-in for the order engine: takes signals and keeps them."""

    async def received(self, decision_id: str) -> dict[str, Any]:
        """Wait for the signal of a decision and return it."""
        return await eventually(lambda: self.of(decision_id), seconds=ANSWER_SECONDS, what=f"signal of {decision_id}")

    def of(self, decision_id: str) -> dict[str, Any] | None:
        """Return the signal of a decision, if it has come."""
        return next((payload for payload in self.payloads if payload["decision_id"] == decision_id), None)

    @property
    def decisions(self) -> list[str]:
        """The decisions whose signals have come, in order."""
        return [payload["decision_id"] for payload in self.payloads]


class Bus:
    """One connection to NATS, for a test's bots, engine and listeners."""

    def __init__(self, client: Client) -> None:
        self.client = client

    @classmethod
    async def connect(cls, url: str) -> Self:
        """Connect. The client reconnects fast, so that a test sees the server again before the gate does."""
        return cls(await nats.connect(url, reconnect_time_wait=0.02, max_reconnect_attempts=-1, error_cb=_ignore))

    async def close(self) -> None:
        """Close the connection."""
        await self.client.close()

    async def ask(
        self,
        payload: Mapping[str, Any] | bytes,
        *,
        subject: str | None = None,
        seconds: float = ANSWER_SECONDS,
        headers: dict[str, str] | None = None,
    ) -> Verdict:
        """Send an intent as a request and return the verdict."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        target = subject or _subject_of(payload)
        reply = await self.client.request(target, body, timeout=seconds, headers=headers)
        return Verdict.model_validate_json(reply.data)

    async def ask_all(self, payloads: Sequence[Mapping[str, Any]], *, seconds: float = ANSWER_SECONDS) -> list[Verdict]:
        """Send intents at once, each as a request, and return the verdicts in their order."""
        return list(await asyncio.gather(*(self.ask(payload, seconds=seconds) for payload in payloads)))

    async def send(self, payload: Mapping[str, Any] | bytes, *, subject: str | None = None, reply: str = "") -> None:
        """Publish an intent without waiting for anything."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        await self.client.publish(subject or _subject_of(payload), body, reply=reply)

    async def listen(self, subject: str) -> Recorder:
        """Record what is published on a subject from now on."""
        return await self._subscribe(subject, Recorder())

    async def engine(self, subject: str = subjects.SIGNALS) -> Engine:
        """Take signals from now on."""
        return await self._subscribe(subject, Engine())

    async def ping(self, subject: str = subjects.PING, *, seconds: float = ANSWER_SECONDS) -> GovernanceHeartbeat:
        """Ask a gate how it is."""
        reply = await self.client.request(subject, b"", timeout=seconds)
        return GovernanceHeartbeat.model_validate_json(reply.data)

    async def sent(self) -> None:
        """Return once the server has all that was published and subscribed here.

        The client sends its ping ahead of what waits to be sent, so only the second answer proves anything.
        """
        await self.client.flush()
        await self.client.flush()

    async def settle(self) -> None:
        """Return once all that the server had for this connection is recorded.

        The server delivers in order, so what was published before something that was already seen here is seen too.
        """
        await self.client.flush()
        await asyncio.sleep(0)

    async def _subscribe(self, subject: str, recorder: Any) -> Any:
        await self.client.subscribe(
            subject, cb=recorder.keep, pending_msgs_limit=1_000_000, pending_bytes_limit=1_000_000_000
        )
        await self.sent()
        return recorder


async def _ignore(_error: Exception) -> None:
    """Outages are what the tests are about; the client need not tell of them."""


def _subject_of(payload: Mapping[str, Any] | bytes) -> str:
    strategy = payload.get("strategy_id", "") if isinstance(payload, Mapping) else ""
    return subjects.intent(strategy)
