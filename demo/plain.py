"""The plain view: one line per happening, for pipes and logs."""

from types import TracebackType
from typing import Self, TextIO

from demo.ledger import Ledger, Note
from demo.rows import Row, rows


class PlainView:
    """Prints what is new at every refresh. No control characters."""

    def __init__(self, ledger: Ledger, stream: TextIO) -> None:
        self._ledger = ledger
        self._stream = stream
        self._rows = 0
        self._notes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Print every row and note that came since the last time, in order."""
        found, notes = rows(self._ledger), self._ledger.of(Note)
        new = [(row.at, _line(row)) for row in found[self._rows :]]
        new += [(note.at, f"{note.at:6.2f}  -- {note.text}") for note in notes[self._notes :]]
        self._rows, self._notes = len(found), len(notes)
        for _, line in sorted(new):
            print(line, file=self._stream)
        self._stream.flush()


def _line(row: Row) -> str:
    order = f"{row.action} {row.symbol}" + (f" {row.usd:,.0f} USD" if row.usd else "")
    return f"{row.at:6.2f}  {row.strategy_id:<24}  {order:<26}  {row.outcome:<18}  {row.reason}".rstrip()
