"""The command `python -m bench.replay`: how fast recorded decisions are made again, as a ratio to reading them.

Windows alternate in one process and count CPU time: records read as models and no more, decided again and compared to
the byte, decided under a patch that changes none of them, and under one that changes most. Then `cio-replay` itself
makes those of a file again, on two processes. That is told by the clock, and by the CPU time of all processes, which
says how long a million would take on two cores that nobody else uses. What it costs to start is measured on a file that
is just long enough for processes, and counted once.
"""

import dataclasses
import json
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bench import report
from bench.evaluation import prepared
from bench.machine import facts
from bench.results import FOLDER, Output, write
from bench.samples import Kind
from bench.statistic import Spread
from cio_decision.decoding import PayloadLimits
from cio_decision.evaluation import conclude, examine
from cio_decision.record_writing import Origin, record_json
from cio_strategist.domain.decisions.whatif import Outcome, PolicyPatch, repeat, try_patch
from cio_strategist.ports import BATCH
from devstack.programs import find_script
from petrosa_contracts import subjects
from petrosa_contracts.record import DecisionRecord

MIX: dict[Kind, float] = {"approved": 0.7, "vetoed": 0.2, "exits": 0.1}
"""Shares of the kinds of intents."""
JOBS = 2
MILLION = 1_000_000
LONGEST_MINUTES = 5.0
"""Goal: a million decisions on two processes take no longer."""

_FEW = 2 * BATCH
_UNFELT = {"global": {"max_concurrent_positions": 19}}
_FELT = {"global": {"max_position_size_usd": 10}}

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@dataclasses.dataclass(slots=True)
class Costs:
    """CPU microseconds a record, one value per round."""

    reading: list[float] = dataclasses.field(default_factory=list[float])
    repeating: list[float] = dataclasses.field(default_factory=list[float])
    unfelt: list[float] = dataclasses.field(default_factory=list[float])
    felt: list[float] = dataclasses.field(default_factory=list[float])


@dataclasses.dataclass(frozen=True, slots=True)
class Pace:
    """What two processes did with a file."""

    a_second: float
    """Decisions by the clock, the start included."""
    cpu_us: float
    """CPU microseconds a decision, of all processes together."""
    start_seconds: float
    """CPU seconds until the first decision, likewise."""

    @property
    def minutes(self) -> float:
        """How long a million decisions take on as many free cores as there are processes."""
        return (self.start_seconds + self.cpu_us * MILLION / 1e6) / JOBS / 60


@app.command()
def replay(
    records: Annotated[int, typer.Option(min=100, help="Different records.")] = 4000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds, each with all windows.")] = 5,
    decisions: Annotated[int, typer.Option(min=10 * _FEW, help="Decisions in the file for two processes.")] = 50_000,
    output: Output = FOLDER,
) -> None:
    """Measure how fast recorded decisions are made again."""
    about, began = facts(), datetime.now(UTC)
    bodies = made(records)
    costs, unfelt, felt = Costs(), PolicyPatch.read(_UNFELT), PolicyPatch.read(_FELT)
    for _ in range(rounds):
        costs.reading.append(_cost(lambda: _read(bodies), records))
        costs.repeating.append(_cost(lambda: repeat(bodies), records))
        costs.unfelt.append(_cost(lambda: try_patch(bodies, unfelt), records))
        costs.felt.append(_cost(lambda: try_patch(bodies, felt), records))
    paces = [_pace(bodies, decisions, patch) for patch in (None, _FELT)]
    size = sum(map(len, bodies)) / len(bodies)
    report.console().print(_table(costs, paces, size))
    content = {
        "machine": about,
        "record_bytes": size,
        "from_a_file": paces,
        **dataclasses.asdict(costs),
    }
    report.console().print(f"All numbers: {write(output, began, content, of='replay')}", soft_wrap=True)


def made(count: int) -> list[str]:
    """Return records of real decisions in the mix. Raises `RuntimeError` if they are not decided the same again."""
    bodies = [body for kind, share in MIX.items() for body in _recorded(kind, round(count * share))]
    tally = repeat(bodies)
    if tally.outcomes != {Outcome.UNCHANGED: len(bodies)}:
        raise RuntimeError(f"the benchmark's decisions are not reproduced: {tally.outcomes}")
    return bodies


def _recorded(kind: Kind, count: int) -> list[str]:
    found: list[str] = []
    for raw, intent, context in zip(*prepared(kind, count), strict=True):
        findings = examine(intent, context)
        verdict = conclude(intent, context, findings, latency_ms=0.2)
        origin = Origin(
            raw=raw,
            subject=subjects.intent(intent.signal.strategy_id),
            headers={},
            limits=PayloadLimits(),
            instance="bench",
            version="0",
            primal_digest=None,
            trace_id=context.decision_id,
        )
        found.append(record_json(origin, verdict, context, findings).decode())
    return found


def _read(bodies: Sequence[str]) -> None:
    # One after the other is let go, as when decisions are made again.
    for body in bodies:
        DecisionRecord.model_validate_json(body)


def _cost(work: Callable[[], object], records: int) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e6 / records


def _pace(bodies: Sequence[str], decisions: int, patch: dict[str, Any] | None) -> Pace:
    _, started = _from_a_file(bodies, _FEW, patch)
    seconds, used = _from_a_file(bodies, decisions, patch)
    a_decision = (used - started) / (decisions - _FEW)
    return Pace(decisions / seconds, a_decision * 1e6, started - a_decision * _FEW)


def _from_a_file(bodies: Sequence[str], decisions: int, patch: dict[str, Any] | None) -> tuple[float, float]:
    """Return how long `cio-replay` takes by the clock, and the CPU time of its processes, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        file, policy = Path(folder) / "records.jsonl", Path(folder) / "policy.json"
        with file.open("w", encoding="utf-8") as lines:
            lines.writelines(f"{bodies[number % len(bodies)]}\n" for number in range(decisions))
        policy.write_text(json.dumps(patch), encoding="utf-8")
        asked = [find_script("cio-replay"), "--from", file, "--jobs", str(JOBS), "--json"]
        began, used = time.perf_counter(), _used()
        tried = [] if patch is None else ["--policy", policy]
        ended = subprocess.run([*asked, *tried], check=True, capture_output=True)
        seconds, used = time.perf_counter() - began, _used() - used
    if (examined := json.loads(ended.stdout)["examined"]) != decisions:
        raise RuntimeError(f"{examined} of {decisions} decisions were made again")
    return seconds, used


def _used() -> float:
    """Return CPU seconds of the processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _table(costs: Costs, paces: Sequence[Pace], size: float) -> Table:
    table = report.table_of(
        f"Decisions made again, records of {size:,.0f} bytes (median, smallest and largest)",
        ("CPU us a record", "ratio to reading"),
    )
    ways = (
        ("records read, no more", costs.reading),
        ("decided again, compared to the byte", costs.repeating),
        ("under a patch that nothing feels", costs.unfelt),
        ("under a patch that most feel", costs.felt),
    )
    for name, values in ways:
        spread = Spread.of(values)
        ratio = Spread.of([one / base for one, base in zip(values, costs.reading, strict=True)])
        table.add_row(name, f"{spread.median:.0f} ({spread.low:.0f} to {spread.high:.0f})", f"{ratio.median:.2f}")
    for name, pace in zip(("decided again", "under a patch that most feel"), paces, strict=True):
        table.add_row(
            f"from a file, {JOBS} processes: {name}",
            f"{pace.cpu_us:.0f}; {pace.a_second:,.0f} a second",
            f"start {pace.start_seconds:.1f} s; a million in {pace.minutes:.1f} min of {JOBS} cores "
            f"(goal {LONGEST_MINUTES:.0f})",
        )
    return table


if __name__ == "__main__":
    app()
