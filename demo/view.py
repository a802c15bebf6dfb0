"""The live view: one calm screen of fixed panels, drawn from the ledger."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from demo.ledger import Delivered, GateChanged, GateState, Judged, Ledger, Note, Priced, Pulse, Sent
from demo.market import FORMS
from demo.rows import Row, rows
from demo.summary import quantiles

SMALLEST_WIDTH, SMALLEST_HEIGHT = 100, 30
"""Columns and lines below which nothing would be readable."""

_BARS = "▁▂▃▄▅▆▇█"
_BORDERS = 2
_HEADER, _FIGURES, _NOTES = 1, 4, 11
"""Lines of content in the panels of fixed height."""
_FALLEN = -0.05
_LATE_PULSE_SECONDS = 1.2
_STYLES = {True: "green", False: "red", None: "yellow"}


class LiveView:
    """Draws the ledger on the terminal's alternate screen, which leaves what was there before untouched."""

    def __init__(self, ledger: Ledger, console: Console, seconds: float) -> None:
        self._ledger = ledger
        self._console = console
        self._seconds = seconds
        self._live = Live(console=console, screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        self.refresh()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.__exit__(kind, error, at)

    def refresh(self) -> None:
        """Draw what the ledger holds now."""
        size = self._console.size
        self._live.update(screen(self._ledger, size.width, size.height, self._seconds), refresh=True)


def screen(ledger: Ledger, width: int, height: int, seconds: float) -> Layout:
    """Return the whole screen for a ledger; `seconds` is how long the play is to last."""
    fixed = _HEADER + _FIGURES + _NOTES + 3 * _BORDERS
    figures = Layout(size=_FIGURES + _BORDERS)
    figures.split_row(Layout(_market(ledger, width // 2)), Layout(_so_far(ledger)))
    layout = Layout()
    layout.split_column(
        Layout(_header(ledger, seconds), size=_HEADER + _BORDERS),
        figures,
        Layout(_intents(ledger, height - fixed - _BORDERS)),
        Layout(_done(ledger), size=_NOTES + _BORDERS),
    )
    return layout


def sparkline(values: Sequence[float], width: int) -> str:
    """Return the course of values as a line of bars, at most `width` long, from the lowest to the highest."""
    shown = values if len(values) <= width else [values[i * len(values) // width] for i in range(width)]
    low, high = min(shown), max(shown)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0
    return "".join(_BARS[round((value - low) * scale)] for value in shown)


def _header(ledger: Ledger, seconds: float) -> Panel:
    pulses, changes = ledger.of(Pulse), ledger.of(GateChanged)
    state = changes[-1].state if changes else GateState.LAUNCHED
    mode, style, epoch = "STARTING", "bold yellow", None
    if state is GateState.KILLED:
        mode, style = "DOWN", "bold red"
    elif state is GateState.READY and pulses and pulses[-1].at >= changes[-1].at:
        mode, epoch = pulses[-1].mode, pulses[-1].epoch
        style = "bold green" if mode == "ACTIVE" else "bold yellow"
    age = ledger.now() - pulses[-1].at if pulses else 0.0
    heartbeat = (f"{age:.1f} s ago", "bold red" if age > _LATE_PULSE_SECONDS else "green") if pulses else "none yet"
    grid = _grid(None, 24)
    grid.columns[1].justify = "right"
    grid.add_row(
        Text.assemble("gate ", (f"{mode:<10}", style), f"  policy epoch {epoch or '-'}   last heartbeat ", heartbeat),
        Text(f"{min(ledger.now(), seconds):.0f} of about {seconds:.0f} s", "dim"),
    )
    return _panel("petrosa-cio: no order without a verdict", grid)


def _market(ledger: Ledger, width: int) -> Panel:
    ticks = ledger.of(Priced)
    grid = _grid(8, 9, 6, None)
    for symbol in ticks[-1].prices if ticks else ():
        course = [tick.prices[symbol] for tick in ticks]
        change = course[-1] / course[0] - 1
        changed = Text(f"{change:>+6.1%}", "red" if change < _FALLEN else "default")
        price = f"{course[-1]:>9,.{FORMS[symbol].price_decimals}f}"
        grid.add_row(symbol, price, changed, Text(sparkline(course, width - 31), "cyan"))
    return _panel("market", grid)


def _so_far(ledger: Ledger) -> Panel:
    judged, signals = ledger.of(Judged), ledger.of(Delivered)
    approved = sum(1 for each in judged if each.verdict.approved)
    vetoed = len(judged) - approved
    grid = _grid(12, None)
    grid.add_row(
        "intents",
        Text.assemble(
            f"{len(ledger.of(Sent))} sent, ", (f"{approved} approved", "green"), ", ", (f"{vetoed} vetoed", "red")
        ),
    )
    last = f", last {signals[-1].action} {signals[-1].symbol}" if signals else ""
    grid.add_row("TradeEngine", Text.assemble((f"{len(signals)} received", "green"), last))
    grid.add_row("bots waited", quantiles(ledger.waits))
    return _panel("so far", grid)


def _intents(ledger: Ledger, lines: int) -> Panel:
    shown: list[Text] = []
    for row in reversed(rows(ledger)[-lines:]):
        added = _lines(row)
        if len(added) + len(shown) > lines:
            break
        shown[:0] = added
    return _panel("intents and verdicts", Group(*shown))


def _lines(row: Row) -> list[Text]:
    usd = f"{row.usd:,.0f} USD" if row.usd else ""
    order = f"{row.strategy_id:<25} {row.action:<5} {row.symbol:<8} {usd:>10}"
    first = Text.assemble((f"{row.at:5.1f}  ", "dim"), order, "   ", (row.outcome, _STYLES[row.approved]))
    return [_one_line(first), *([_one_line(Text(f"         {row.reason}", "dim"))] if row.reason else [])]


def _done(ledger: Ledger) -> Panel:
    lines = [Text.assemble((f"{note.at:5.1f}  ", "dim"), note.text) for note in ledger.of(Note)[-_NOTES:]]
    return _panel("model, operator and gate", Group(*map(_one_line, lines)))


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _grid(*widths: int | None) -> Table:
    grid = Table.grid(expand=True, padding=(0, 1, 0, 0))
    for width in widths:
        grid.add_column(width=width, ratio=None if width else 1, no_wrap=True, overflow="ellipsis")
    return grid


def _panel(title: str, content: Table | Group) -> Panel:
    return Panel(content, title=title, title_align="left", border_style="grey39", padding=(0, 1))
