"""The command `python -m bench.replay`: how fast recorded decisions are made again, as a ratio to reading them.

Windows alternate in one process and count CPU time: records read as models and no more, decided again and compared to
the byte, decided under a patch that changes none of them, and under one that changes most. Then all of it runs as
`cio-replay` does: from a file of JSON Lines, on two processes. That is told by the clock, and by the CPU time of all
processes, which says how long a million would take on two cores that nobody else uses.
"""

import asyncio
import dataclasses
import json
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bench import report
from bench.evaluation import prepared
from bench.machine import facts
from bench.processes import REPOSITORY
from bench.samples import Kind
from bench.statistic import Spread
from cio_decision.decoding import PayloadLimits
from cio_decision.evaluation import conclude, examine
from cio_decision.record_writing import Origin, record_json
from cio_strategist.adapters.decision_file import DecisionFile
from cio_strategist.domain.decision_filter import DecisionFilter
from cio_strategist.domain.whatif import Outcome, PolicyPatch, Tally, repeat, try_patch
from cio_strategist.service.replaying import replay as replay_all
from petrosa_contracts import subjects
from petrosa_contracts.record import DecisionRecord

MIX: dict[Kind, float] = {"approved": 0.7, "vetoed": 0.2, "exits": 0.1}
"""Shares of the kinds of intents."""
JOBS = 2
MILLION = 1_000_000
LONGEST_MINUTES = 5.0
"""Goal: a million decisions on two processes take no longer."""

_UNFELT = PolicyPatch.read({"global": {"max_concurrent_positions": 19}})
_FELT = PolicyPatch.read({"global": {"max_position_size_usd": 10}})

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
    """Decisions by the clock."""
    cpu_us: float
    """CPU microseconds a decision, of all processes together."""

    @property
    def minutes(self) -> float:
        """How long a million decisions take on as many free cores as there are processes."""
        return self.cpu_us * MILLION / 1e6 / JOBS / 60


@app.command()
def replay(
    records: Annotated[int, typer.Option(min=100, help="Different records.")] = 4000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds, each with all windows.")] = 5,
    decisions: Annotated[int, typer.Option(min=1000, help="Decisions in the file for two processes.")] = 50_000,
    output: Annotated[Path, typer.Option(help="Folder for the JSON file.")] = REPOSITORY / "bench" / "results",
) -> None:
    """Measure how fast recorded decisions are made again."""
    about, began = facts(), datetime.now(UTC)
    bodies = made(records)
    costs = Costs()
    for _ in range(rounds):
        costs.reading.append(_cost(lambda: [DecisionRecord.model_validate_json(body) for body in bodies], records))
        costs.repeating.append(_cost(lambda: repeat(bodies), records))
        costs.unfelt.append(_cost(lambda: try_patch(bodies, _UNFELT), records))
        costs.felt.append(_cost(lambda: try_patch(bodies, _FELT), records))
    paces = [asyncio.run(_from_a_file(bodies, decisions, patch)) for patch in (None, _FELT)]
    size = sum(map(len, bodies)) / len(bodies)
    report.console().print(_table(costs, paces, size))
    output.mkdir(parents=True, exist_ok=True)
    file = output / f"replay-{began:%Y%m%dT%H%M%SZ}.json"
    content = {
        "machine": about,
        "record_bytes": size,
        "from_a_file": [*map(dataclasses.asdict, paces)],
        **dataclasses.asdict(costs),
    }
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"written to {file}")


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


def _cost(work: Callable[[], object], records: int) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1e6 / records


async def _from_a_file(bodies: Sequence[str], decisions: int, patch: PolicyPatch | None) -> Pace:
    """Return decisions a second, the start of the processes included."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.jsonl"
        with file.open("w", encoding="utf-8") as lines:
            lines.writelines(f"{bodies[number % len(bodies)]}\n" for number in range(decisions))
        started, used = time.perf_counter(), _used()
        tally: Tally = await replay_all(DecisionFile(file).bodies(DecisionFilter(), limit=None), patch, jobs=JOBS)
        seconds, used = time.perf_counter() - started, _used() - used
    if tally.examined != decisions:
        raise RuntimeError(f"{tally.examined} of {decisions} decisions were made again")
    return Pace(decisions / seconds, used * 1e6 / decisions)


def _used() -> float:
    """Return CPU seconds of this process and of those that it has ended."""
    usages = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _table(costs: Costs, paces: Sequence[Pace], size: float) -> Table:
    table = Table(title=f"Decisions made again, records of {size:,.0f} bytes (median, smallest and largest)")
    for heading in ("", "CPU us a record", "ratio to reading"):
        table.add_column(heading, justify="right" if heading else "left")
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
            f"a million in {pace.minutes:.1f} min of {JOBS} free cores (goal {LONGEST_MINUTES:.0f})",
        )
    return table


if __name__ == "__main__":
    app()
