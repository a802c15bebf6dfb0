"""The command of `cio-replay`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cio_strategist.command_line import replay_view
from cio_strategist.command_line.archive_session import FromFile, with_archive
from cio_strategist.command_line.audit.session import Since, Until, parse_moment
from cio_strategist.command_line.console import say, say_json, say_table, warn
from cio_strategist.command_line.options import AsJson
from cio_strategist.command_line.program import Version
from cio_strategist.command_line.progress import showing_progress
from cio_strategist.command_line.session import REFUSED, reporting
from cio_strategist.domain.decisions.filter import DecisionFilter
from cio_strategist.domain.decisions.reproduction import Replayed, Reproduction, reproduction_of
from cio_strategist.domain.decisions.simulation import Repetition, Simulation
from cio_strategist.domain.decisions.whatif import PolicyPatch, Tally
from cio_strategist.errors import UsageError
from cio_strategist.service.decisions.replaying import replay as replay_all

if TYPE_CHECKING:
    from cio_strategist.bootstrap import Archive

_MOST_JOBS = 64


def replay(
    decision_id: Annotated[
        str | None, typer.Argument(metavar="DECISION_ID", help="Make this decision again; else all that are chosen.")
    ] = None,
    since: Since = None,
    until: Until = None,
    strategy: Annotated[str | None, typer.Option(metavar="ID", help="Only of this strategy.")] = None,
    symbol: Annotated[str | None, typer.Option(metavar="SYMBOL", help="Only of this symbol.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Of those, the newest N; else all.")] = None,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help='Try this: {"global": {"leverage": 5}}; null takes a parameter out.'),
    ] = None,
    source: FromFile = None,
    jobs: Annotated[int, typer.Option(min=1, max=_MOST_JOBS, metavar="N", help="Processes that decide.")] = 2,
    as_json: AsJson = False,
    _: Version = False,
) -> None:
    """Make recorded decisions again, under their own policy or a proposed one.

    With an id: is that decision reproduced to the byte? With --since or --from: are all that can be made again?

    With --policy: which approvals would have been lost and gained?
    """
    with reporting():
        if decision_id is not None:
            if policy is not None:
                raise UsageError("--policy is tried on many decisions: leave out the id, say --since")
            if any(each is not None for each in (since, until, strategy, symbol, limit)):
                raise UsageError("one decision is named already: leave out the id, or what chooses among many")
            _replay_one(decision_id, source, as_json=as_json)
            return
        if since is None and source is None:
            raise UsageError("name a decision, or say since when: cio-replay --since 24h")
        wanted = DecisionFilter(
            since=None if since is None else parse_moment(since),
            until=None if until is None else parse_moment(until),
            strategy=strategy,
            symbol=None if symbol is None else symbol.upper(),
        )
        patch = None if policy is None else _patch(policy)
        tally = _tally(source, wanted, patch, limit=limit, jobs=jobs)
        if patch is None:
            _say_repetition(Repetition.of(tally), as_json=as_json)
        else:
            _say_simulation(Simulation.of(tally), as_json=as_json)


def _replay_one(decision_id: str, source: Path | None, *, as_json: bool) -> None:
    found = reproduction_of(with_archive(source, lambda archive: archive.decisions.read(decision_id)))
    if as_json:
        say_json(found.model_dump(mode="json"))
    else:
        _say_reproduction(found)
    if found.outcome is not Replayed.REPRODUCED:
        raise typer.Exit(REFUSED)


def _tally(
    source: Path | None, wanted: DecisionFilter, patch: PolicyPatch | None, *, limit: int | None, jobs: int
) -> Tally:
    async def work(archive: "Archive") -> Tally:
        # Counting takes time, so it is done only for somebody who looks on.
        total = await archive.bodies.count(wanted, limit=limit) if Console(stderr=True).is_terminal else None
        with showing_progress("decisions", total) as progress:
            return await replay_all(archive.bodies.bodies(wanted, limit=limit), patch, jobs=jobs, progress=progress)

    return with_archive(source, work)


def _patch(path: Path) -> PolicyPatch:
    try:
        return PolicyPatch.parse(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _say_reproduction(found: Reproduction) -> None:
    match found.outcome:
        case Replayed.REPRODUCED:
            say(f"{found.decision_id} is reproduced to the byte: {found.recorded.message}")
        case Replayed.NOT_DECIDED:
            warn(
                f"{found.decision_id} cannot be made again: no gate decided it, or its payload was too large to be kept"
            )
        case Replayed.DIFFERENT:
            warn(f"{found.decision_id}, decided by version {found.gate_version}, is decided differently here")
            say_table(replay_view.DIFFERENCE_HEADINGS, replay_view.difference_rows(found))


def _say_repetition(found: Repetition, *, as_json: bool) -> None:
    if as_json:
        say_json(found.model_dump(mode="json"))
    else:
        say(f"{found.reproduced} of {found.examined} decisions are reproduced to the byte")
        if found.not_decided:
            say(f"{found.not_decided} cannot be made again: decided by no gate, or on a payload too large to be kept")
        if found.not_reproduced:
            warn(f"{found.not_reproduced} are decided differently here; cio-replay DECISION_ID tells where")
            say_table(replay_view.EXAMPLE_HEADINGS, replay_view.example_rows(found.examples))
        if found.unreadable:
            warn(f"{found.unreadable} cannot be read as records of this version")
    if not found.holds:
        raise typer.Exit(REFUSED)


def _say_simulation(found: Simulation, *, as_json: bool) -> None:
    if as_json:
        say_json(found.model_dump(mode="json"))
        return
    say(found.gist)
    say_table(replay_view.OUTCOME_HEADINGS, replay_view.outcome_rows(found))
    if rows := replay_view.moved_rows(found):
        say("")
        say_table(replay_view.MOVED_HEADINGS, rows)
    if examples := (*found.lost.examples, *found.gained.examples, *found.other_reason.examples):
        say("")
        say_table(replay_view.EXAMPLE_HEADINGS, replay_view.example_rows(examples))
