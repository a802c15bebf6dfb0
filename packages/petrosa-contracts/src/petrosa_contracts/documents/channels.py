"""The registry of NATS channels: who says what to whom on each subject, and what is answered.

Documents about the wire are derived from it; `petrosa_contracts.subjects` spells the subjects themselves.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pydantic import BaseModel

from petrosa_contracts import subjects
from petrosa_contracts.alert import Alert
from petrosa_contracts.execution import ExecutionEvent
from petrosa_contracts.failsafe_report import FailSafeReport
from petrosa_contracts.heartbeat import GovernanceHeartbeat
from petrosa_contracts.record import DecisionRecord
from petrosa_contracts.signal import Signal
from petrosa_contracts.verdict import Verdict

STRATEGY = "strategy"
"""Name of a variable part of addresses: the strategy id as one subject token."""

ACTION = "action"
"""Name of a variable part of addresses: the kind of an alert as one subject token."""


class Role(StrEnum):
    """Who takes part."""

    BOT = "bot"
    """A strategy service: publishes intents."""
    GATE = "gate"
    """The Nurse: decides on intents."""
    ENGINE = "engine"
    """The order engine: turns signals into orders."""
    RECORDER = "recorder"
    """The keeper of the audit trail."""
    TRACKER = "tracker"
    """The keeper of the portfolio."""
    FEED = "feed"
    """The keeper of market and regime."""
    SOCKET_CLIENT = "socket-client"
    """The fleet's service that brings the exchange's stream to NATS."""
    OPERATOR = "operator"
    """A person or tool that asks how the gate is."""


class Direction(StrEnum):
    """What a role does on a channel. Replies run against it."""

    SEND = "send"
    RECEIVE = "receive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One use of a subject. Two channels share an address where the subject carries two kinds of message."""

    name: str
    """Unique, in snake case."""
    address: str
    """The concrete subject; `{strategy}` and `{action}` stand for a token each."""
    subscription: str
    """What to subscribe to in order to receive all of it."""
    title: str
    description: str
    directions: Mapping[Role, Direction]
    payload: type[BaseModel] | None
    """Model of the message body; None where the body is not read, or is the exchange's own."""
    reply: type[BaseModel] | None = None
    """Model of the answer to a message that has a reply subject; None where nothing of ours answers."""
    queue_group: str | None = None
    """Queue group in which the receiving gate's replicas share the messages."""
    deprecated: bool = False

    @property
    def direction(self) -> Direction:
        """What the governance does: the gate, or the recorder where the gate takes no part."""
        return self.directions.get(Role.GATE, Direction.RECEIVE)


def _address(subject_of: Callable[[str], str]) -> str:
    # The builders sanitise what they are given, so the placeholder cannot go through them as it is.
    return subject_of(STRATEGY).replace(STRATEGY, f"{{{STRATEGY}}}")


def _signals_of_strategy(strategy_id: str) -> str:
    return subjects.signal_of_strategy(subjects.SIGNALS, strategy_id)


_ASK = MappingProxyType({Role.BOT: Direction.SEND, Role.OPERATOR: Direction.SEND, Role.GATE: Direction.RECEIVE})

CHANNELS: tuple[Channel, ...] = (
    Channel(
        name="intents",
        address=_address(subjects.intent),
        subscription=subjects.INTENTS,
        title="Trade intents",
        description=(
            "A bot proposes a trade. Published without a reply subject it is decided all the same; with one, the "
            "verdict is the answer. The strategy is taken from the payload, never from the subject. The gate reads "
            "more strictly than the schema says: it refuses duplicate keys, NaN and infinity, prices that are not "
            "positive, and a `timestamp` from which no instant can be read. A sender that says in the header "
            "`Cio-Answer-By` (ISO 8601) until when it waits gets no entry approved that the gate comes to much later."
        ),
        directions=MappingProxyType({Role.BOT: Direction.SEND, Role.GATE: Direction.RECEIVE}),
        payload=Signal,
        reply=Verdict,
        queue_group=subjects.NURSE_QUEUE_GROUP,
    ),
    Channel(
        name="legacy_intents",
        address=_address(subjects.legacy_intent),
        subscription=subjects.LEGACY_INTENTS,
        title="Trade intents of older bots",
        description=(
            "The same message as on the intents channel. Some senders publish on the literal subject "
            "`intent.trading.*`. The gate listens here only where `NATS_TOPIC_INTENTS` names this subject too."
        ),
        directions=MappingProxyType({Role.BOT: Direction.SEND, Role.GATE: Direction.RECEIVE}),
        payload=Signal,
        reply=Verdict,
        queue_group=subjects.NURSE_QUEUE_GROUP,
        deprecated=True,
    ),
    Channel(
        name="signals",
        address=subjects.SIGNALS,
        subscription=subjects.SIGNALS,
        title="Approved signals, one subject for all",
        description=(
            "An approved intent as the bot wrote it, unknown fields included, with `decision_id`, the trace context "
            "and `timestamp` as naive UTC ISO 8601 text. Used by the dialect `classic`."
        ),
        directions=MappingProxyType({Role.GATE: Direction.SEND, Role.ENGINE: Direction.RECEIVE}),
        payload=Signal,
    ),
    Channel(
        name="signals_of_strategy",
        address=_address(_signals_of_strategy),
        subscription=f"{subjects.SIGNALS}.>",
        title="Approved signals, one subject per strategy",
        description=(
            "As on the signals channel; besides, `source` is `petrosa-cio` and `metadata.original_source` keeps what "
            "it was. Used by the dialect `governed`. An engine that listens on the bare subject does not hear it."
        ),
        directions=MappingProxyType({Role.GATE: Direction.SEND, Role.ENGINE: Direction.RECEIVE}),
        payload=Signal,
    ),
    Channel(
        name="verdicts",
        address=_address(subjects.verdict),
        subscription=subjects.VERDICTS,
        title="Verdicts",
        description=(
            "Every decision, approval or veto, as it was answered. Readers ignore fields they do not know. What it "
            "rested on is in its record."
        ),
        directions=MappingProxyType({Role.GATE: Direction.SEND, Role.BOT: Direction.RECEIVE}),
        payload=Verdict,
    ),
    Channel(
        name="decision_records",
        address=_address(subjects.decision_record),
        subscription=subjects.DECISION_RECORDS,
        title="Records of decisions",
        description=(
            "Every decision with all that it rested on, kept in the JetStream stream `CIO_DECISIONS`. The header "
            "`Nats-Msg-Id` is the decision id, so that the stream keeps a record once."
        ),
        directions=MappingProxyType({Role.GATE: Direction.SEND, Role.RECORDER: Direction.RECEIVE}),
        payload=DecisionRecord,
    ),
    Channel(
        name="failsafe_reports",
        address=_address(subjects.failsafe_report),
        subscription=subjects.FAILSAFE_REPORTS,
        title="What bots let through without the gate",
        description=(
            "Sent as a request once the gate is back, and again until anybody answers, as a JetStream stream over "
            "these subjects does. The header `Nats-Msg-Id` is the decision id, so that the stream keeps a report once."
        ),
        directions=MappingProxyType({Role.BOT: Direction.SEND, Role.RECORDER: Direction.RECEIVE}),
        payload=FailSafeReport,
    ),
    Channel(
        name="execution_events",
        address=_address(subjects.execution_event),
        subscription=subjects.EXECUTION_EVENTS,
        title="Execution events",
        description=(
            "What the engine tells of its orders. They may come twice, late and out of order, and leave out what is "
            "not known. `NATS_TOPIC_EXECUTION_EVENTS` names another subject."
        ),
        directions=MappingProxyType({Role.ENGINE: Direction.SEND, Role.TRACKER: Direction.RECEIVE}),
        payload=ExecutionEvent,
    ),
    Channel(
        name="market_data",
        address=subjects.MARKET,
        subscription=subjects.MARKET,
        title="Market data",
        description=(
            "The exchange's stream events, one subject for all streams, each in the socket client's wrapper. "
            "`NATS_TOPIC_MARKET` names another subject."
        ),
        directions=MappingProxyType({Role.SOCKET_CLIENT: Direction.SEND, Role.FEED: Direction.RECEIVE}),
        payload=None,
    ),
    Channel(
        name="alerts",
        address=subjects.alert("ACTION", "STRATEGY").replace("ACTION", "{action}").replace("STRATEGY", "{strategy}"),
        subscription=subjects.ALERTS,
        title="Alerts",
        description=(
            "What needs somebody's attention, told once when it begins, in the form of the fleet's alerts. Where an "
            "alert is about a service, its name stands in the strategy's place, such as `nurse`."
        ),
        directions=MappingProxyType({Role.GATE: Direction.SEND, Role.OPERATOR: Direction.RECEIVE}),
        payload=Alert,
    ),
    Channel(
        name="heartbeat",
        address=subjects.HEARTBEAT,
        subscription=subjects.HEARTBEAT,
        title="The gate's pulse",
        description=(
            "Published periodically by every replica. The engine's monitor takes anything with a `service` text on "
            "this subject for the pulse, so nobody else may publish here."
        ),
        directions=MappingProxyType(
            {
                Role.GATE: Direction.SEND,
                Role.ENGINE: Direction.RECEIVE,
                Role.BOT: Direction.RECEIVE,
                Role.OPERATOR: Direction.RECEIVE,
            }
        ),
        payload=GovernanceHeartbeat,
    ),
    Channel(
        name="heartbeat_request",
        address=subjects.HEARTBEAT,
        subscription=subjects.HEARTBEAT,
        title="The gate's pulse, asked for",
        description=(
            "A message with a reply subject is answered, whatever its body; one without is not. The engine's monitor "
            "hears the question too and counts it as a broken or false pulse: ask on the ping channel instead."
        ),
        directions=_ASK,
        payload=None,
        reply=GovernanceHeartbeat,
    ),
    Channel(
        name="ping",
        address=subjects.PING,
        subscription=subjects.PING,
        title="The gate's pulse, asked for without the engine hearing it",
        description="A message with a reply subject is answered, whatever its body; one without is not.",
        directions=_ASK,
        payload=None,
        reply=GovernanceHeartbeat,
    ),
)
"""Every channel, in the order of a trade's way."""
