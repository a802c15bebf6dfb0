"""What a proposed policy would have changed, as it is told to people, programs and models. Pure."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from cio_strategist.domain.decisions.whatif import Difference, Dimension, Outcome, Tally


class Moved(BaseModel):
    """Approvals that would have been lost, or gained."""

    model_config = ConfigDict(frozen=True)

    count: int
    by_code: dict[str, int] = Field(description="By code of the veto, the most frequent first.")
    by_strategy: dict[str, int] = Field(description="By strategy, likewise.")
    by_symbol: dict[str, int] = Field(description="By symbol, likewise.")
    examples: tuple[Difference, ...] = Field(description="Some of them.")


class OtherReason(BaseModel):
    """Vetoes that would have had another first reason."""

    model_config = ConfigDict(frozen=True)

    count: int
    examples: tuple[Difference, ...] = Field(description="Some of them.")


class Simulation(BaseModel):
    """What a proposed policy would have changed. Every decision is judged by itself, on what was known then."""

    model_config = ConfigDict(frozen=True)

    examined: int = Field(description="Recorded decisions that were looked at.")
    unchanged: int = Field(description="Would have been answered the same.")
    lost: Moved = Field(description="Approvals that would have been vetoes.")
    gained: Moved = Field(description="Vetoes that would have been approvals.")
    other_reason: OtherReason
    not_decided: int = Field(description="No policy changes them, or their payload was too large to be kept.")
    not_reproduced: int = Field(
        description="Decided by another version of the gate, which this one does not decide like; not counted above."
    )
    unreadable: int = Field(description="Records of a form that this version does not know; not counted above.")

    @classmethod
    def of(cls, tally: Tally) -> Self:
        """Return what a tally says."""
        outcomes = tally.outcomes
        return cls(
            examined=tally.examined,
            unchanged=outcomes[Outcome.UNCHANGED],
            lost=_moved(tally, Outcome.LOST),
            gained=_moved(tally, Outcome.GAINED),
            other_reason=OtherReason(
                count=outcomes[Outcome.OTHER_REASON], examples=_examples(tally, Outcome.OTHER_REASON)
            ),
            not_decided=outcomes[Outcome.NOT_DECIDED],
            not_reproduced=outcomes[Outcome.NOT_REPRODUCED],
            unreadable=outcomes[Outcome.UNREADABLE],
        )

    @property
    def gist(self) -> str:
        """All of it in a line."""
        if not self.examined:
            return "no recorded decision fits, so there is nothing to try it on"
        return (
            f"decisions tried {self.examined}, approvals lost {self.lost.count} and gained {self.gained.count}, "
            f"unchanged {self.unchanged}"
        )


class Repetition(BaseModel):
    """Whether recorded decisions are made the same again."""

    model_config = ConfigDict(frozen=True)

    examined: int = Field(description="Recorded decisions that were looked at.")
    reproduced: int = Field(description="The same to the byte.")
    not_decided: int = Field(description="No gate decided them, or their payload was too large to be kept.")
    not_reproduced: int = Field(description="Decided differently by this version.")
    unreadable: int = Field(description="No records, or of a form that this version does not know.")
    examples: tuple[Difference, ...] = Field(description="Some that are not reproduced.")

    @classmethod
    def of(cls, tally: Tally) -> Self:
        """Return what a tally says."""
        return cls(
            examined=tally.examined,
            reproduced=tally.outcomes[Outcome.UNCHANGED],
            not_decided=tally.outcomes[Outcome.NOT_DECIDED],
            not_reproduced=tally.outcomes[Outcome.NOT_REPRODUCED],
            unreadable=tally.outcomes[Outcome.UNREADABLE],
            examples=_examples(tally, Outcome.NOT_REPRODUCED),
        )

    @property
    def holds(self) -> bool:
        """Whether everything that a gate decided is reproduced."""
        return not self.not_reproduced and not self.unreadable


def _moved(tally: Tally, outcome: Outcome) -> Moved:
    return Moved(
        count=tally.outcomes[outcome],
        by_code=tally.by(outcome, Dimension.CODE),
        by_strategy=tally.by(outcome, Dimension.STRATEGY),
        by_symbol=tally.by(outcome, Dimension.SYMBOL),
        examples=_examples(tally, outcome),
    )


def _examples(tally: Tally, outcome: Outcome) -> tuple[Difference, ...]:
    return tuple(tally.examples.get(outcome, ()))
