"""Commands on control state: halt, safe, freeze, resume, status."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cio_strategist.command_line.console import say, say_json, say_table, warn
from cio_strategist.command_line.options import AsJson, By, Code
from cio_strategist.command_line.policy import view
from cio_strategist.command_line.session import Session, run, say_epoch
from cio_strategist.domain.duration import parse_duration
from cio_strategist.domain.policy.control_change import StoredControl, read_control
from cio_strategist.domain.policy.outcome import ControlOutcome, OutcomeStatus
from cio_strategist.domain.policy.stored import scope_order
from cio_strategist.errors import StoreUnreachableError, StoreUnreadableError
from petrosa_contracts import Mode
from petrosa_contracts.instant import utc_now

_SCOPES = "global, symbol:BTCUSDT or strategy:momentum_v1"

_Scope = Annotated[str, typer.Argument(metavar="SCOPE", help=_SCOPES)]
_Reason = Annotated[str, typer.Option(metavar="WHY", help="In a few words, for whoever finds this in force.")]
_For = Annotated[
    str | None, typer.Option("--for", metavar="TIME", help="End by itself after 30m, 2h, 1d …; else when lifted.")
]

control_commands = typer.Typer()


@control_commands.command(epilog='Example: cio-policy halt symbol:BTCUSDT --reason "price feed broken" --for 2h')
def halt(scope: _Scope, reason: _Reason, lasting: _For = None, by: By = None, code: Code = None) -> None:
    """Halt a scope: only risk-reducing intents pass."""
    _impose(Mode.HALTED, scope, reason, lasting=lasting, by=by, code=code)


@control_commands.command(epilog='Example: cio-policy safe strategy:momentum_v1 --reason "new release" --for 1d')
def safe(scope: _Scope, reason: _Reason, lasting: _For = None, by: By = None, code: Code = None) -> None:
    """Make a scope SAFE: the fail-safe limits hold on top of policy."""
    _impose(Mode.SAFE, scope, reason, lasting=lasting, by=by, code=code)


@control_commands.command(epilog='Example: cio-policy freeze global --reason "keys were stolen" --code 123456')
def freeze(scope: _Scope, reason: _Reason, lasting: _For = None, by: By = None, code: Code = None) -> None:
    """Freeze a scope: nothing passes, closing included. Takes the second factor, and so the authority."""
    _impose(Mode.FROZEN, scope, reason, lasting=lasting, by=by, code=code)


@control_commands.command(epilog="Example: cio-policy resume symbol:BTCUSDT --code 123456")
def resume(
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help=f"{_SCOPES}, or the name of an unreadable field.")],
    code: Code = None,
    reason: Annotated[str | None, typer.Option(metavar="WHY", help="Why, for whoever reads the history.")] = None,
    by: By = None,
) -> None:
    """Lift what was set for a scope, so that policy alone decides. Wider scopes may still restrict it."""

    async def work_on(work: Session) -> ControlOutcome:
        request = work.request(by=by, reason=reason)
        return await work.governance.control.lift(scope=scope, request=request, code=code)

    outcome = run(work_on)
    for entry in outcome.before:
        say(f"{outcome.scope}: {entry.mode} lifted ({entry.reason})")
    if outcome.status is OutcomeStatus.UNCHANGED:
        say(f"{outcome.scope}: nothing was set, nothing written")
    if outcome.still is not None:
        warn(outcome.still)
    _say_enforcement(outcome)


@control_commands.command(epilog="Example: cio-policy status --json")
def status(as_json: AsJson = False) -> None:
    """Show which scopes are restricted, by whom and why, and entries that have expired."""

    async def look(work: Session) -> tuple[int | None, Sequence[StoredControl]]:
        seen = await work.look()
        seen.warn_of_blindness()
        controls = read_control(seen.stored)
        return seen.stored.epoch, sorted(controls, key=lambda control: scope_order(control.field))

    epoch, controls = run(look)
    now = utc_now()
    if as_json:
        say_json({"epoch": epoch, "entries": view.controls_json(controls, now)})
        return
    if controls:
        say_table(view.CONTROL_HEADINGS, view.control_rows(controls, now))
    else:
        say("nothing is halted or restricted by hand")
    say_epoch(epoch)


def _impose(mode: Mode, scope: str, reason: str, *, lasting: str | None, by: str | None, code: str | None) -> None:
    async def work_on(work: Session) -> ControlOutcome:
        span = None if lasting is None else parse_duration(lasting)
        request = work.request(by=by, reason=reason)
        governance = work.governance
        try:
            return await governance.control.impose(mode, scope=scope, request=request, lasting=span, code=code)
        except (StoreUnreachableError, StoreUnreadableError) as error:
            if governance.authority is None or mode is Mode.FROZEN:
                raise
            # Getting to safety must not wait for the authority's store; the authority adopts this once it is back.
            outcome = await governance.direct_control.impose(mode, scope=scope, request=request, lasting=span)
            warn(f"{error}; so this was set straight where the gates read it, and the authority will take it over")
            return outcome

    outcome = run(work_on)
    for entry in outcome.before:
        say(f"{outcome.scope}: replaces {entry.mode} ({entry.reason})")
    say(outcome.message)
    _say_enforcement(outcome)


def _say_enforcement(outcome: ControlOutcome) -> None:
    enforcement = outcome.enforcement
    if enforcement is None:
        return
    if not enforcement.enforced or enforcement.epoch is None:
        warn(enforcement.message)
    else:
        say_epoch(enforcement.epoch)
