"""When to alert and when to act: pure, one step a check."""

from dataclasses import dataclass
from enum import Enum

REMIND_SECONDS = 1800.0
RETRY_SECONDS = 60.0


class Act(Enum):
    """What a check asks for."""

    NOTHING = "nothing"
    ALERT_GONE = "governance is gone"
    ALERT_EXCHANGE = "the exchange cannot be reached"
    ALERT_BACK = "governance and exchange answer again"
    CLOSE = "close everything"


@dataclass(slots=True)
class Vigil:
    """Follows what answers; `patience` is the seconds of silence that count as gone, all times are monotonic seconds.

    Governance that has never answered counts from the first check. Nothing is closed while the exchange cannot be
    reached: then it is more likely our own network that is away, and nothing could be closed anyway.
    """

    patience: float
    close: bool
    governed_at: float
    reached_at: float
    alerted_at: float | None = None
    closed: bool = False
    tried_at: float | None = None

    def check(self, now: float, *, governed: bool, reached: bool) -> list[Act]:
        """Take what one check found, and return what is to be done, in order."""
        self.governed_at = now if governed else self.governed_at
        self.reached_at = now if reached else self.reached_at
        gone = now - self.governed_at >= self.patience
        cut_off = now - self.reached_at >= self.patience
        if not gone and not cut_off:
            return self._recover()
        acts: list[Act] = []
        if self.alerted_at is None or now - self.alerted_at >= REMIND_SECONDS:
            self.alerted_at = now
            acts += [Act.ALERT_GONE] if gone else []
            acts += [Act.ALERT_EXCHANGE] if cut_off else []
        if gone and reached and self.close and not self.closed and self._may_try(now):
            self.tried_at = now
            # Before any alert: a mail server that hangs must not keep positions open.
            acts.insert(0, Act.CLOSE)
        return acts

    def unheard(self, now: float) -> None:
        """Note that an alert reached nobody, so that it is due again in a minute."""
        if self.alerted_at is not None:
            self.alerted_at = now - REMIND_SECONDS + RETRY_SECONDS

    def _may_try(self, now: float) -> bool:
        return self.tried_at is None or now - self.tried_at >= RETRY_SECONDS

    def _recover(self) -> list[Act]:
        if self.alerted_at is None:
            return []
        self.alerted_at, self.tried_at, self.closed = None, None, False
        return [Act.ALERT_BACK]
