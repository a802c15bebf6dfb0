"""The command `python -m bench`."""

import dataclasses
import math
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import report
from bench.authority import NotEnforcedError
from bench.enforcement import ROUNDS_TOLD_AT_ONCE, WaySeries, measure_enforcement
from bench.evaluation import KINDS, DecisionCost, measure_evaluation
from bench.goals import judge
from bench.machine import facts
from bench.plan import FULL, QUICK, Plan
from bench.processes import ChildEndedError
from bench.results import FOLDER, Output, write
from bench.saturation import STREAMS, WINDOWS, Held, Pulse, measure_heartbeat, measure_throughput
from bench.testbed import PinningError, Testbed, running_testbed, warm_up
from bench.windows import CYCLE, StageResult, measure_stage
from devstack import DevstackError

FAILED = 1
TERMINATED = 143


class Part(StrEnum):
    """The parts of a run."""

    EVALUATION = "evaluation"
    LATENCY = "latency"
    SATURATION = "saturation"
    ENFORCEMENT = "enforcement"


@dataclasses.dataclass(slots=True)
class Results:
    """Everything measured in one run; a part that was left out is empty."""

    evaluation: list[DecisionCost] = dataclasses.field(default_factory=list[DecisionCost])
    latency: list[StageResult] = dataclasses.field(default_factory=list[StageResult])
    throughput: dict[str, Held] = dataclasses.field(default_factory=dict[str, Held])
    heartbeat: Pulse | None = None
    enforcement: list[WaySeries] = dataclasses.field(default_factory=list[WaySeries])


app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="A little more than one minute instead of four.")] = False,
    pin: Annotated[bool, typer.Option("--pin", help="What answers on one core, all else on another (Linux).")] = False,
    only: Annotated[list[Part] | None, typer.Option(help="Measure only this part; may be repeated.")] = None,
    output: Output = FOLDER,
) -> None:
    """Compare the gate with the bare transport, on real NATS and Redis of its own.

    Shows tables and writes all numbers as JSON. Goals are shown beside the numbers and never fail the run.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    plan = QUICK if quick else FULL
    screen, parts = report.console(), set(only or Part)
    about = facts()
    began = datetime.now(UTC)
    try:
        results = _measure(plan, parts, pin, screen)
    except (DevstackError, ChildEndedError, PinningError, NotEnforcedError) as error:
        typer.echo(f"bench: {error}", err=True)
        raise typer.Exit(FAILED) from error
    goals = judge(results.latency, results.throughput, results.heartbeat, results.evaluation, results.enforcement)
    for table in _tables(results):
        screen.print(table)
    screen.print(report.goal_table(goals))
    path = write(
        output,
        began,
        {"began": began.isoformat(), "plan": plan, "pinned": pin, "machine": about, "goals": goals, "results": results},
    )
    screen.print(f"All numbers: {path}", soft_wrap=True)


def _measure(plan: Plan, parts: set[Part], pin: bool, screen: Console) -> Results:
    results = Results()
    with _progress(screen) as progress:
        task = progress.add_task("starting", total=_steps(plan, parts))

        def advance(what: str) -> None:
            progress.update(task, description=what, advance=1)
            if not screen.is_terminal:
                screen.print(what)

        if Part.EVALUATION in parts:
            results.evaluation = measure_evaluation(plan, advance)
        if parts - {Part.EVALUATION}:
            advance("starting servers and gate")
            with running_testbed(pin=pin) as bed:
                warm_up(bed, plan.warm_up_seconds)
                _measure_gate(bed, plan, parts, results, advance)
        progress.update(task, description="done", completed=_steps(plan, parts))
    return results


def _measure_gate(bed: Testbed, plan: Plan, parts: set[Part], results: Results, advance: Callable[[str], None]) -> None:
    if Part.LATENCY in parts:
        results.latency = [measure_stage(bed, stage, advance) for stage in plan.stages]
    if Part.SATURATION in parts:
        results.throughput = measure_throughput(bed, plan, advance)
        results.heartbeat = measure_heartbeat(bed, plan, results.throughput["approvals"].window, advance)
    if Part.ENFORCEMENT in parts:
        # The last, because the authority takes over the policy that the other parts rest on.
        results.enforcement = measure_enforcement(bed, plan, advance)


def _steps(plan: Plan, parts: set[Part]) -> int:
    steps = {
        Part.EVALUATION: len(KINDS),
        Part.LATENCY: 1 + sum(stage.cycles * len(CYCLE) for stage in plan.stages),
        Part.SATURATION: 2 + len(STREAMS) * (len(WINDOWS) + plan.hold_rounds),
        Part.ENFORCEMENT: 1 + math.ceil(plan.enforcement_rounds / ROUNDS_TOLD_AT_ONCE),
    }
    return sum(steps[part] for part in parts)


def _progress(screen: Console) -> Progress:
    # Drawing takes time from what is measured, so it is rare.
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=screen, transient=True, refresh_per_second=2, disable=not screen.is_terminal)


def _tables(results: Results) -> list[Any]:
    tables: list[Any] = [report.stage_table(stage) for stage in results.latency]
    if results.throughput:
        tables.append(report.throughput_table(results.throughput))
    if results.heartbeat is not None:
        tables.append(report.heartbeat_table(results.heartbeat))
    if results.evaluation:
        tables.append(report.evaluation_table(results.evaluation))
    if results.enforcement:
        tables.append(report.enforcement_table(results.enforcement))
    return tables


if __name__ == "__main__":
    app(prog_name="python -m bench")
