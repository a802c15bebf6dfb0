"""What replay found, as rows for a table. Pure."""

from collections.abc import Iterator, Sequence

from cio_strategist.command_line.console import moment, shown
from cio_strategist.domain.decisions.reproduction import Reproduction
from cio_strategist.domain.decisions.simulation import Moved, Simulation
from cio_strategist.domain.decisions.whatif import Difference

DIFFERENCE_HEADINGS = ("field", "on record", "decided again")
OUTCOME_HEADINGS = ("decisions", "number")
MOVED_HEADINGS = ("approvals", "by", "which", "number")
EXAMPLE_HEADINGS = ("when", "decision", "strategy", "symbol", "action", "on record", "decided again", "message")

_MOST_OF_A_KIND = 10


def difference_rows(found: Reproduction) -> list[tuple[str, ...]]:
    """Return a row per field of the verdict that differs."""
    return [(each.field, shown(each.recorded), shown(each.again)) for each in found.differences]


def outcome_rows(found: Simulation) -> list[tuple[str, ...]]:
    """Return how many decisions came out how; what did not occur is left out but for the three that matter."""
    rows = (
        ("unchanged", found.unchanged, True),
        ("approvals lost", found.lost.count, True),
        ("approvals gained", found.gained.count, True),
        ("vetoed for another reason", found.other_reason.count, False),
        ("cannot be made again", found.not_decided, False),
        ("not reproduced, so not tried", found.not_reproduced, False),
        ("unreadable", found.unreadable, False),
    )
    return [(name, str(number)) for name, number, always in rows if number or always]


def moved_rows(found: Simulation) -> list[tuple[str, ...]]:
    """Return lost and gained approvals by reason, strategy and symbol, the most frequent of each."""
    return [row for which, moved in (("lost", found.lost), ("gained", found.gained)) for row in _rows(which, moved)]


def example_rows(examples: Sequence[Difference]) -> list[tuple[str, ...]]:
    """Return a row per decision."""
    return [
        (
            moment(each.at),
            each.decision_id,
            each.strategy,
            each.symbol,
            each.action,
            each.before,
            each.after,
            each.message,
        )
        for each in examples
    ]


def _rows(which: str, moved: Moved) -> Iterator[tuple[str, ...]]:
    for by, counts in (("reason", moved.by_code), ("strategy", moved.by_strategy), ("symbol", moved.by_symbol)):
        told = list(counts.items())[:_MOST_OF_A_KIND]
        yield from ((which, by, name, str(number)) for name, number in told)
        if (rest := len(counts) - len(told)) > 0:
            yield (which, by, f"{rest} more", str(sum(list(counts.values())[_MOST_OF_A_KIND:])))
