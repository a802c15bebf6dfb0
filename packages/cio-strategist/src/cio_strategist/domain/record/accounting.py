"""Accounting: every intent that a gate took has exactly one record.

Intents and records are matched by what they share, the subject and the digest of the payload, each pair no further
apart in time than clocks and queues explain. The same payload may come any number of times; each needs its own record.
A record that withdraws an approval and the record of that approval are about one decision, and count as one.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from petrosa_contracts.record import WITHDRAWAL

TOLERANCE = timedelta(seconds=30)
"""How far the stream's time of an intent and the gate's may be apart."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An intent in the stream, or the record of one."""

    subject: str
    payload: str
    """SHA-256 of its bytes, hexadecimal."""
    at: datetime
    """When the stream, or the gate, took it, aware UTC."""
    name: str
    """Its place in the stream, or the id of the decision."""
    message_id: str | None = None
    """The `Nats-Msg-Id` it came with: of two such the stream keeps one, and a gate gets both."""


@dataclass(frozen=True, slots=True)
class Account:
    """What came of comparing intents with records, from `since` to before `until`."""

    since: datetime
    until: datetime
    matched: int = 0
    missing: tuple[Seen, ...] = field(default=())
    """Intents without a record while gates were at work."""
    unanswered: tuple[Seen, ...] = field(default=())
    """Intents that came while no gate recorded anything, before or after: none was there."""
    surplus: tuple[Seen, ...] = field(default=())
    """Records without an intent."""

    @property
    def balanced(self) -> bool:
        """Whether every intent that a gate took has its one record."""
        return not self.missing and not self.surplus

    def and_then(self, later: "Account") -> "Account":
        """Return the account of both times together; `later` begins where this one ends."""
        return Account(
            self.since,
            later.until,
            self.matched + later.matched,
            self.missing + later.missing,
            self.unanswered + later.unanswered,
            self.surplus + later.surplus,
        )


def reach(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """Return from when to when intents and records must be known to account for the time between.

    What comes later than now need not be: what is paired is paired in order of time.
    """
    return since - 2 * TOLERANCE, until + 2 * TOLERANCE


def account(intents: Iterable[Seen], records: Iterable[Seen], *, since: datetime, until: datetime) -> Account:
    """Compare what came with what was recorded. Both must be given for all of `reach(since, until)`."""
    intents = list(intents)
    kept, told = _by_key(intents), _by_key(_decisions(records))
    identified = _by_message_id(intents)
    at_work = sorted(record.at for group in told.values() for record in group)
    matched, missing, unanswered, surplus = 0, list[Seen](), list[Seen](), list[Seen]()
    for key in kept.keys() | told.keys():
        pairs, alone, extra = _match(kept.get(key, ()), told.get(key, ()))
        matched += sum(since <= intent.at < until for intent in pairs)
        for intent in alone:
            if since <= intent.at < until:
                (missing if _was_at_work(at_work, intent.at) else unanswered).append(intent)
        surplus += [record for record in extra if since <= record.at < until and not _suppressed(record, identified)]
    return Account(since, until, matched, _in_order(missing), _in_order(unanswered), _in_order(surplus))


def _decisions(records: Iterable[Seen]) -> Iterable[Seen]:
    """Return one record of each decision."""
    return {record.name.removesuffix(WITHDRAWAL): record for record in records}.values()


def _by_key(seen: Iterable[Seen]) -> dict[tuple[str, str], Sequence[Seen]]:
    found: defaultdict[tuple[str, str], list[Seen]] = defaultdict(list)
    for each in seen:
        found[each.subject, each.payload].append(each)
    return {key: sorted(group, key=lambda each: (each.at, each.name)) for key, group in found.items()}


def _by_message_id(intents: Iterable[Seen]) -> Mapping[str, Sequence[datetime]]:
    """Return when the stream took intents, by the message id that they came with."""
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for intent in intents:
        if intent.message_id is not None:
            found[intent.message_id].append(intent.at)
    return found


def _match(intents: Sequence[Seen], records: Sequence[Seen]) -> tuple[list[Seen], list[Seen], list[Seen]]:
    """Pair in order of time; return intents with a record, intents without, and records without an intent."""
    pairs, alone, extra, at = list[Seen](), list[Seen](), list[Seen](), 0
    for intent in intents:
        while at < len(records) and records[at].at < intent.at - TOLERANCE:
            extra.append(records[at])
            at += 1
        if at < len(records) and records[at].at <= intent.at + TOLERANCE:
            pairs.append(intent)
            at += 1
        else:
            alone.append(intent)
    return pairs, alone, [*extra, *records[at:]]


def _was_at_work(records: Sequence[datetime], moment: datetime) -> bool:
    """Whether gates recorded something both shortly before and shortly after a moment."""
    # Records are kept to the millisecond, rounded down: one of the same may have come after.
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    place = bisect_left(records, moment)
    before, after = records[max(0, place - 1) : place], records[place : place + 1]
    return any(moment - each <= TOLERANCE for each in before) and any(each - moment <= TOLERANCE for each in after)


def _suppressed(record: Seen, identified: Mapping[str, Sequence[datetime]]) -> bool:
    """Whether the stream left out the intent because it had one of the same message id, whatever was in it."""
    if record.message_id is None:
        return False
    return any(abs(record.at - taken) <= TOLERANCE for taken in identified.get(record.message_id, ()))


def _in_order(seen: Iterable[Seen]) -> tuple[Seen, ...]:
    return tuple(sorted(seen, key=lambda each: (each.at, each.name)))
