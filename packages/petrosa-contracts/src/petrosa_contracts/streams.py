"""JetStream streams: what is kept, for how long, and what a second message of the same id means.

Only what is said here is asked of a stream. Replicas, placement and largest sizes are the operator's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from petrosa_contracts import subjects

MESSAGE_ID = "Nats-Msg-Id"
"""Header by which a stream knows a message that it has already: the decision id."""

RECORDER_CONSUMER = "recorder"
"""Durable consumer of the recorder, on each stream that it reads."""


class Full(StrEnum):
    """What happens when a stream may not grow any more."""

    REFUSE_NEW = "new"
    """Whoever publishes is told: nothing that was acknowledged is ever pushed out."""
    DROP_OLD = "old"
    """The oldest go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream, in files. Its messages go by age alone, not when they are read."""

    name: str
    description: str
    subjects: tuple[str, ...]
    kept_for: timedelta
    """Age at which messages go. A reader that is away for longer misses some."""
    duplicates_for: timedelta
    """How long a message id is remembered."""
    when_full: Full
    acknowledges: bool
    """Whether a message with a reply subject is answered by the stream."""


DECISIONS = Stream(
    name="CIO_DECISIONS",
    description="The record of every decision, until the recorder has long written it to the store.",
    subjects=(subjects.DECISION_RECORDS,),
    kept_for=timedelta(days=7),
    duplicates_for=timedelta(minutes=10),
    when_full=Full.REFUSE_NEW,
    acknowledges=True,
)
"""Acknowledged before an approved signal leaves. A record that comes again later than `duplicates_for` is told by the
store, which holds each once."""

FAILSAFE = Stream(
    name="CIO_FAILSAFE",
    description="What bots let through while no gate answered.",
    subjects=(subjects.FAILSAFE_REPORTS,),
    kept_for=timedelta(days=7),
    duplicates_for=timedelta(minutes=10),
    when_full=Full.REFUSE_NEW,
    acknowledges=True,
)
"""Its acknowledgement is the answer that bots wait for. A stream of its own: no bot can fill that of the gate."""


def intents(topics: Sequence[str] = (subjects.INTENTS,)) -> Stream:
    """Return the stream that keeps every intent as it came, whether or not a gate was there to take it.

    `topics` are what the gates listen on. It never acknowledges: its answer would reach the bot in the verdict's place.
    It remembers ids as briefly as a server allows, so that it keeps what a gate would get.
    """
    return Stream(
        name="CIO_INTENTS",
        description="Every intent as it came, to hold the records of decisions against.",
        subjects=_without_overlaps(topics),
        kept_for=timedelta(days=3),
        duplicates_for=timedelta(milliseconds=100),
        when_full=Full.DROP_OLD,
        acknowledges=False,
    )


def _without_overlaps(topics: Sequence[str]) -> tuple[str, ...]:
    """Leave out subjects that others cover: a server refuses a stream that would get a message twice."""
    different = tuple(dict.fromkeys(topics))
    return tuple(
        topic for topic in different if not any(subjects.covers(other, topic) for other in different if other != topic)
    )
