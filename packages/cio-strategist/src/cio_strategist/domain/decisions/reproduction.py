"""One recorded decision made again, and where the verdict differs. Pure."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from cio_decision.replay import decide_again
from cio_strategist.domain.decisions.whatif import is_same
from petrosa_contracts import Verdict
from petrosa_contracts.record import DecisionRecord


class Replayed(StrEnum):
    """What came of making a decision again."""

    REPRODUCED = "reproduced"
    """The verdict is the recorded one to the byte."""
    DIFFERENT = "different"
    """It is not: another version decided, or the record is not what was written."""
    NOT_DECIDED = "not_decided"
    """No gate decided, for want of room in the queue, or the payload was too large to be kept whole."""


class FieldDifference(BaseModel):
    """One field of the verdict that is another one."""

    model_config = ConfigDict(frozen=True)

    field: str = Field(description="Name of the field, breaches with their place, such as `breaches.0.limit`.")
    recorded: Any = Field(description="What the record says; null also where it is not there.")
    again: Any = Field(description="What was decided again.")


class Reproduction(BaseModel):
    """What came of making one decision again."""

    model_config = ConfigDict(frozen=True)

    decision_id: str
    outcome: Replayed
    recorded: Verdict = Field(description="The verdict on record.")
    gate_version: str = Field(description="Version of the gate that decided.")
    differences: tuple[FieldDifference, ...] = Field(description="Where the verdicts differ; empty if they do not.")


def reproduction_of(record: DecisionRecord) -> Reproduction:
    """Decide a recorded intent again, on what it was decided on, and compare."""
    was, again = record.verdict, decide_again(record)
    differences: tuple[FieldDifference, ...] = ()
    if again is None:
        outcome = Replayed.NOT_DECIDED
    elif is_same(again, was):
        outcome = Replayed.REPRODUCED
    else:
        outcome = Replayed.DIFFERENT
        differences = tuple(_differences("", was.model_dump(mode="json"), again.model_dump(mode="json")))
    return Reproduction(
        decision_id=was.decision_id,
        outcome=outcome,
        recorded=was,
        gate_version=record.version,
        differences=differences,
    )


def _differences(path: str, recorded: object, again: object) -> list[FieldDifference]:
    ours, theirs = _parts(recorded), _parts(again)
    if ours is None or theirs is None:
        return [] if recorded == again else [FieldDifference(field=path, recorded=recorded, again=again)]
    prefix = f"{path}." if path else ""
    return [
        found
        for name in dict.fromkeys([*ours, *theirs])
        for found in _differences(f"{prefix}{name}", ours.get(name), theirs.get(name))
    ]


def _parts(value: object) -> dict[str, object] | None:
    match value:
        case dict():
            return {str(name): part for name, part in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case list():
            return {str(place): part for place, part in enumerate(value)}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            return None
