"""Reports that wait until the governance is back."""

from collections import deque

from petrosa_contracts.failsafe_report import FailSafeReport


class Journal:
    """A bounded queue that keeps the oldest: what comes while it is full is counted and dropped."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._reports: deque[FailSafeReport] = deque()
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._reports)

    @property
    def dropped(self) -> int:
        """Reports that found no room since the start."""
        return self._dropped

    def add(self, report: FailSafeReport) -> None:
        """Keep a report, or count it as dropped."""
        if len(self._reports) < self._capacity:
            self._reports.append(report)
        else:
            self._dropped += 1

    def oldest(self) -> FailSafeReport | None:
        """Return the report to send next, with the present count of what was dropped; None if nothing waits."""
        if not self._reports:
            return None
        return self._reports[0].model_copy(update={"dropped": self._dropped})

    def acknowledged(self) -> None:
        """Forget the oldest report: the record has it."""
        self._reports.popleft()
