"""What a run ended with."""

from dataclasses import asdict, dataclass, field
from enum import Enum

from canary.model import OpenOrder, Position, PositionKey, Reading


class Verdict(Enum):
    """What is known of the account at the end of a run."""

    FLAT = "flat"
    LEFT = "left"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that did not work; `passing` problems can end by themselves, so they are worth another try."""

    symbol: str
    side: str
    why: str
    passing: bool


@dataclass(frozen=True, slots=True)
class SentOrder:
    """A close order and what became of it, as last known."""

    client_order_id: str
    symbol: str
    position_side: str
    side: str
    quantity: str
    status: str
    executed: str

    def of(self, key: PositionKey) -> bool:
        """Whether it was sent for that position."""
        return (self.symbol, self.position_side) == key

    def as_fields(self) -> dict[str, str]:
        """Return its fields by name, for the log and the report."""
        return asdict(self)


@dataclass(slots=True)
class RunResult:
    """Everything that is known at the end of a run: `last` is the last reading, `first_seen` each position's start."""

    verdict: Verdict
    last: Reading
    first_seen: dict[PositionKey, Position] = field(default_factory=dict[PositionKey, Position])
    orders_seen: set[OpenOrder] = field(default_factory=set[OpenOrder])
    problems: dict[tuple[str, str], Problem] = field(default_factory=dict[tuple[str, str], Problem])
    sent: list[SentOrder] = field(default_factory=list[SentOrder])
    rounds: int = 0
    why_ended: str = ""
    interrupted: bool = False
