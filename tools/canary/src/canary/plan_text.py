"""What is going to be done, in words, and the line that a person types to agree."""

from collections.abc import Iterator

from canary.planning import plan_close
from canary.reading import describe
from canary.report import table
from canary.runs import MarketRun
from canary.session import Examination


def plan_text(runs: list[MarketRun], place: str, last_rehearsal: str) -> Iterator[str]:
    """Yield what would be done in each market."""
    for run in runs:
        if run.found is None:
            yield f"{run.market} CANNOT BE CLOSED NOW: {run.why_not}"
            continue
        account = f"Account {run.found.name} at {place}" if run is runs[0] else run.market
        mode = "" if run.market == "spot" else f", {run.found.mode.value} mode"
        yield f"{account}{mode}: {describe(run.found.reading)}."
        if run is runs[0]:
            yield last_rehearsal
        yield from _steps(run.found)


def confirmation(runs: list[MarketRun]) -> str:
    """Return the line to be typed: the account, how many positions, and how many in each other market."""
    counts = [(run.market, _count(run.found)) for run in runs if run.found is not None]
    name = runs[0].found.name if runs[0].found is not None else ""
    beside = "".join(f" + {count} {market.upper()}" for market, count in counts[1:])
    return f"CLOSE {name} {counts[0][1]}{beside}"


def _steps(found: Examination) -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    for position in sorted(found.reading.positions or (), key=lambda one: one.key):
        planned = plan_close(position, found.lots.get(position.symbol), str)
        how = f"{position.closing_side} at market in {len(planned.orders)} orders"
        rows.append((str(position), position.side, how, f"left: {planned.why_dust}" if planned.why_dust else ""))
    if rows:
        yield table(("POSITION", "SIDE", "CLOSE BY", ""), rows)
    for symbol in sorted({order.symbol for order in found.reading.all_orders}):
        plain = sum(1 for order in found.reading.orders or () if order.symbol == symbol)
        conditional = sum(1 for order in found.reading.conditional_orders or () if order.symbol == symbol)
        yield f"Cancel {symbol}: {plain} orders, {conditional} conditional orders"
    yield from found.reading.problems


def _count(found: Examination) -> str:
    return "UNKNOWN" if found.reading.positions is None else str(len(found.reading.positions))
