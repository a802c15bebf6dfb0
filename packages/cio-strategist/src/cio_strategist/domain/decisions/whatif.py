"""What if: recorded decisions made again, under their own policy or one that is only proposed. Pure.

Each decision is made again by itself, on what was known when it was made. What a different answer would have changed
for later ones (fills, trade counts, exposure) is not followed up. An approval that was withdrawn later, because its
record was late, counts as the approval that the policy gave.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cio_decision.decoding import Unreadable
from cio_decision.intent import Intent
from cio_decision.replay import decide_again, decide_read, read_again
from cio_strategist.domain.policy.scope_key import parse_scope
from cio_strategist.domain.strict_json import read_json
from cio_strategist.errors import RejectedError, UsageError
from petrosa_contracts import CATALOGUE, PolicyLayer, Verdict, validate_patch
from petrosa_contracts.instant import UtcDatetime
from petrosa_contracts.record import RECORD_FORM, DecisionRecord

EXAMPLES = 10
"""How many decisions of each outcome a tally names."""

APPROVED = "APPROVED"
"""Stands where a veto would have its code."""


@dataclass(frozen=True, slots=True)
class PolicyPatch:
    """Parameters by scope that are tried; None takes a parameter out, so that wider scopes decide again."""

    scopes: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, value: object) -> Self:
        """Read `{"global": {"max_position_size_usd": 500}, "strategy:a": {"leverage": null}}`.

        Raises `UsageError` for another form or a scope that is none, `RejectedError` for values that the catalogue does
        not allow or does not know.
        """
        if not isinstance(value, dict) or not value:
            raise UsageError('a patch is an object such as {"global": {"max_position_size_usd": 500}}')
        scopes: dict[str, Mapping[str, Any]] = {}
        for key, parameters in cast("dict[str, object]", value).items():
            if not isinstance(parameters, dict):
                raise UsageError(f"the patch of {key!r} is not an object of parameters")
            given = cast("dict[str, Any]", parameters)
            scopes[parse_scope(key).key] = given
            unset = {name: CATALOGUE[name].default for name in given if given[name] is None and name in CATALOGUE}
            if errors := validate_patch({**given, **unset}):
                raise RejectedError(errors)
        return cls(scopes)

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read the same from JSON text. Raises `UsageError` too for a key given twice: one would not be tried."""
        return cls.read(read_json(text, "the patch"))

    def on(self, record: DecisionRecord) -> Mapping[str, PolicyLayer]:
        """Return the layers of a recorded decision with the patch merged in."""
        return self.applied_to({} if record.inputs is None else record.inputs.layers)

    def applied_to(self, layers: Mapping[str, PolicyLayer]) -> dict[str, PolicyLayer]:
        """Return layers with the patch merged in, each changed one with the version that it would get."""
        patched = dict(layers)
        for key, parameters in self.scopes.items():
            old = layers.get(key)
            merged = {**(old.parameters if old else {}), **parameters}
            patched[key] = PolicyLayer(
                scope=key,
                version=(old.version if old else 0) + 1,
                parameters={name: given for name, given in merged.items() if given is not None},
                updated_by="proposed",
            )
        return patched


class Difference(BaseModel):
    """One decision that would have been another one."""

    model_config = ConfigDict(frozen=True)

    decision_id: str
    at: UtcDatetime = Field(description="When the intent was received, UTC.")
    strategy: str
    symbol: str
    action: str
    before: str = Field(description="Code of the veto on record, or APPROVED.")
    after: str = Field(description="Code of the veto that it would have been, or APPROVED.")
    message: str = Field(description="What would have been answered.")


class Outcome(StrEnum):
    """What a patch does to one recorded decision."""

    UNCHANGED = "unchanged"
    LOST = "lost"
    """An approval would have been a veto."""
    GAINED = "gained"
    """A veto would have been an approval."""
    OTHER_REASON = "other_reason"
    """A veto would have had another first reason."""
    NOT_DECIDED = "not_decided"
    """No gate decided, for want of room in the queue; or the payload was too large to be kept whole; or it withdraws an
    approval, whatever the policy."""
    NOT_REPRODUCED = "not_reproduced"
    """This version decides differently even under the recorded policy, so that a patch proves nothing."""
    UNREADABLE = "unreadable"
    """No record, or one of a form that this version does not know."""


_NAMED = frozenset({Outcome.LOST, Outcome.GAINED, Outcome.OTHER_REASON, Outcome.NOT_REPRODUCED})
"""Outcomes of which examples are kept."""


class Dimension(StrEnum):
    """What lost and gained approvals are counted by."""

    CODE = "code"
    STRATEGY = "strategy"
    SYMBOL = "symbol"


@dataclass(slots=True)
class Tally:
    """What a patch would have changed over many decisions. Tallies of parts add up to that of the whole."""

    outcomes: Counter[Outcome] = field(default_factory=Counter[Outcome])
    moved: Counter[tuple[Outcome, Dimension, str]] = field(default_factory=Counter[tuple[Outcome, Dimension, str]])
    """Lost and gained approvals by code of the veto, strategy and symbol."""
    examples: dict[Outcome, list[Difference]] = field(default_factory=dict[Outcome, list[Difference]])
    """The first of each outcome that is worth a look."""

    @property
    def examined(self) -> int:
        """How many records were looked at."""
        return self.outcomes.total()

    def add(self, other: "Tally") -> None:
        """Add what another tally counted."""
        self.outcomes.update(other.outcomes)
        self.moved.update(other.moved)
        for outcome, examples in other.examples.items():
            self.examples[outcome] = (self.examples.get(outcome, []) + examples)[:EXAMPLES]

    def by(self, outcome: Outcome, dimension: Dimension) -> dict[str, int]:
        """Return the counts of one outcome by one dimension, the largest first."""
        found = {name: n for (what, by, name), n in self.moved.items() if (what, by) == (outcome, dimension)}
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def try_patch(bodies: Iterable[str | bytes], patch: PolicyPatch) -> Tally:
    """Make recorded decisions again under their policy with the patch merged in, and tally what would have changed."""
    tally = Tally()
    for body in bodies:
        record = read_record(body)
        if record is None:
            tally.outcomes[Outcome.UNREADABLE] += 1
            continue
        read = None if record.withdraws else read_again(record)
        after = decide_read(record, read, patch.on(record))
        if after is None:
            tally.outcomes[Outcome.NOT_DECIDED] += 1
        else:
            _count(tally, record, read, after)
    return tally


def repeat(bodies: Iterable[str | bytes]) -> Tally:
    """Make recorded decisions again under their own policy, and tally which are the same to the byte."""
    tally = Tally()
    for body in bodies:
        record = read_record(body)
        again = None if record is None else decide_again(record)
        if record is None:
            outcome = Outcome.UNREADABLE
        elif again is None:
            outcome = Outcome.NOT_DECIDED
        elif is_same(again, record.verdict):
            outcome = Outcome.UNCHANGED
        else:
            outcome = Outcome.NOT_REPRODUCED
            _name(tally, outcome, record.verdict, again)
        tally.outcomes[outcome] += 1
    return tally


def read_record(body: str | bytes) -> DecisionRecord | None:
    """Read a recorded decision; None if it is of a form that this version does not know."""
    try:
        record = DecisionRecord.model_validate_json(body)
    except ValidationError:
        return None
    return record if record.form == RECORD_FORM else None


def is_same(again: Verdict, recorded: Verdict) -> bool:
    """Whether two verdicts are the same to the byte, as they are answered and recorded."""
    return again.model_dump_json() == recorded.model_dump_json()


def _count(tally: Tally, record: DecisionRecord, read: Intent | Unreadable | None, after: Verdict) -> None:
    before = record.verdict
    outcome = _compared(before, after)
    if outcome is not Outcome.UNCHANGED and not _is_reproduced(record, read):
        outcome = Outcome.NOT_REPRODUCED
    tally.outcomes[outcome] += 1
    if outcome in {Outcome.LOST, Outcome.GAINED}:
        veto = after if outcome is Outcome.LOST else before
        tally.moved[outcome, Dimension.CODE, _answer(veto)] += 1
        tally.moved[outcome, Dimension.STRATEGY, before.strategy_id or ""] += 1
        tally.moved[outcome, Dimension.SYMBOL, before.symbol or ""] += 1
    if outcome in _NAMED:
        _name(tally, outcome, before, after)


def _is_reproduced(record: DecisionRecord, read: Intent | Unreadable | None) -> bool:
    again = decide_read(record, read)
    return again is None or is_same(again, record.verdict)


def _name(tally: Tally, outcome: Outcome, before: Verdict, after: Verdict) -> None:
    named = tally.examples.setdefault(outcome, [])
    if len(named) < EXAMPLES:
        named.append(
            Difference(
                decision_id=before.decision_id,
                at=before.received_at,
                strategy=before.strategy_id or "",
                symbol=before.symbol or "",
                action=before.action or "",
                before=_answer(before),
                after=_answer(after),
                message=after.message,
            )
        )


def _compared(before: Verdict, after: Verdict) -> Outcome:
    if before.code == after.code:
        return Outcome.UNCHANGED
    if before.approved or after.approved:
        return Outcome.LOST if before.approved else Outcome.GAINED
    return Outcome.OTHER_REASON


def _answer(verdict: Verdict) -> str:
    return APPROVED if verdict.code is None else verdict.code.value
