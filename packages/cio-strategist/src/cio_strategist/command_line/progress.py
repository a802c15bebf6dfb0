"""How far a command has come that goes through many entries."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


@contextmanager
def showing_progress(doing: str, total: int | None) -> Generator[Callable[[int], None]]:
    """Show a bar on a terminal, and nothing elsewhere; tell it how many more are done. `total` None: not known."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn(doing), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, *times, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda more: bar.advance(task, more)
