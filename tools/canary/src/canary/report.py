"""What is said at the end: a table for the person, a JSON file for everything else, and an exit code."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from canary.model import Position, Reading
from canary.result import RunResult, Verdict
from canary.runs import MarketRun, worst

EXIT_DONE = 0
EXIT_REFUSED = 1
EXIT_WRONG_USAGE = 2
EXIT_LEFT = 3
EXIT_UNKNOWN = 4
EXIT_CODES = {Verdict.FLAT: EXIT_DONE, Verdict.LEFT: EXIT_LEFT, Verdict.UNKNOWN: EXIT_UNKNOWN}
SENTENCES = {
    Verdict.FLAT: "FLAT. No position, no order, no conditional order is open: read back from the exchange.",
    Verdict.LEFT: "NOT FLAT. Something is still open: see above. Run it again, or close it by hand in the app.",
    Verdict.UNKNOWN: "NOT KNOWN. The exchange could not be read completely. Run it again, and look in the app.",
}


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return aligned columns of text."""
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [heads, *rows]
    )


def summary(runs: list[MarketRun]) -> str:
    """Return what happened to every position, what orders are left, and the verdict over all markets, as text."""
    lines: list[str] = []
    for run in runs:
        if run.result is not None:
            lines += [f"{run.market}:"] if len(runs) > 1 else []
            lines += _summary(run.result)
    lines.append(SENTENCES[worst(runs)])
    return "\n".join(lines)


def _summary(result: RunResult) -> list[str]:
    lines: list[str] = []
    rows = [
        (row["position"], row["left"], row["state"], row["why"]) for row in _positions(result) if row["state"] != "flat"
    ]
    flat = sum(1 for row in _positions(result) if row["state"] == "flat")
    if rows:
        lines.append(table(("POSITION", "LEFT", "STATE", "WHY"), rows))
    lines.append(f"Positions flat: {flat} of {len(result.first_seen)}. Close orders sent: {len(result.sent)}.")
    left = result.last.all_orders
    lines.append(f"Orders seen: {len(result.orders_seen)}. Still open: {_count(result.last)}.")
    lines += [f"  {order.symbol} {'conditional ' if order.conditional else ''}{order.identity}" for order in left]
    lines += [f"{p.symbol}: {p.why}" for p in result.problems.values() if p.side == "orders" and left]
    lines += list(result.last.problems)
    lines.append(f"Ended because: {result.why_ended}.")
    return lines


def as_json(runs: list[MarketRun], place: str, not_touched: list[str]) -> str:
    """Return the report of a run as JSON text: USD-M futures, the first of `runs`, and below it the other markets."""
    first = runs[0]
    verdict = worst(runs)
    content = {
        "run": first.session.run_id,
        "account": first.found.name if first.found is not None else "",
        "place": place,
        "started_at": first.session.started_at.isoformat(timespec="seconds"),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **_of_market(first),
        "verdict": verdict.value,
        "exit_code": EXIT_CODES[verdict],
        "other_markets": [{"market": run.market, **_of_market(run)} for run in runs[1:]],
        "not_touched": not_touched,
    }
    return json.dumps(content, indent=2) + "\n"


def _of_market(run: MarketRun) -> dict[str, object]:
    result = run.result or RunResult(Verdict.UNKNOWN, Reading(None, None, None))
    return {
        "mode": run.found.mode.value if run.found is not None else "",
        "verdict": result.verdict.value,
        "why_ended": result.why_ended,
        "rounds": result.rounds,
        "requests": run.session.caller.requests,
        "positions": _positions(result),
        "orders_seen": len(result.orders_seen),
        "orders_left": [
            {"symbol": order.symbol, "id": order.identity, "conditional": order.conditional}
            for order in result.last.all_orders
        ],
        "orders_read": result.last.orders is not None and result.last.conditional_orders is not None,
        "problems": [
            {"symbol": problem.symbol, "side": problem.side, "why": problem.why} for problem in result.problems.values()
        ],
        "unread": list(result.last.problems),
        "sent": [order.as_fields() for order in result.sent],
    }


def write_report(path: Path, text: str) -> str | None:
    """Write the report, readable by its owner alone; return why that failed, None if it did not."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        return str(error)
    return None


def _positions(result: RunResult) -> list[dict[str, str]]:
    return [_position(result, first) for _, first in sorted(result.first_seen.items())]


def _position(result: RunResult, first: Position) -> dict[str, str]:
    problem = result.problems.get(first.key)
    why = problem.why if problem is not None else ""
    fields = {"position": str(first), "symbol": first.symbol, "side": first.side, "first_seen": str(first.amount)}
    if result.last.positions is None:
        return fields | {"left": "?", "state": "unknown", "why": why}
    now = next((position for position in result.last.positions if position.key == first.key), None)
    if now is None:
        return fields | {"left": "0", "state": "flat", "why": ""}
    if not why:
        closed = sum(Decimal(order.executed) for order in result.sent if order.of(first.key))
        why = "opened while closing" if closed >= abs(first.amount) else "the run ended before it was closed"
    return fields | {"left": str(now.amount), "state": "open", "why": why}


def _count(last: Reading) -> str:
    if last.orders is None or last.conditional_orders is None:
        return "unknown"
    return str(len(last.all_orders))
