"""Commands on control state: halt, safe, resume, status."""

from functools import partial
from typing import Annotated

import typer

from cio_strategist.command_line import view
from cio_strategist.command_line.console import moment, say, say_json, say_table, warn
from cio_strategist.command_line.options import AsJson, By
from cio_strategist.command_line.session import say_epoch, say_if_first, session
from cio_strategist.domain.control_change import control_scope, impose, lift, read_control
from cio_strategist.domain.duration import parse_duration
from cio_strategist.domain.stored import scope_order
from petrosa_contracts import Mode
from petrosa_contracts.instant import utc_now

_SCOPES = "global, symbol:BTCUSDT or strategy:momentum_v1"
_FROZEN = (
    "FROZEN, which stops even closing, is not offered here: it takes a second factor and comes with the authority."
)

_Scope = Annotated[str, typer.Argument(metavar="SCOPE", help=_SCOPES)]
_Reason = Annotated[str, typer.Option(metavar="WHY", help="In a few words, for whoever finds this in force.")]
_For = Annotated[
    str | None, typer.Option("--for", metavar="TIME", help="End by itself after 30m, 2h, 1d …; else when lifted.")
]

control_commands = typer.Typer()


@control_commands.command(
    short_help="Halt a scope: only risk-reducing intents pass.",
    help=f"Halt a scope: only risk-reducing intents pass. {_FROZEN}",
    epilog='Example: cio-policy halt symbol:BTCUSDT --reason "price feed broken" --for 2h',
)
def halt(scope: _Scope, reason: _Reason, lasting: _For = None, by: By = None) -> None:
    """Halt a scope."""
    _impose(Mode.HALTED, scope, reason, lasting, by)


@control_commands.command(
    short_help="Make a scope SAFE: the fail-safe limits hold on top of policy.",
    help=f"Make a scope SAFE: the fail-safe limits hold on top of policy. {_FROZEN}",
    epilog='Example: cio-policy safe strategy:momentum_v1 --reason "new release" --for 1d',
)
def safe(scope: _Scope, reason: _Reason, lasting: _For = None, by: By = None) -> None:
    """Make a scope SAFE."""
    _impose(Mode.SAFE, scope, reason, lasting, by)


@control_commands.command(epilog="Example: cio-policy resume symbol:BTCUSDT")
def resume(
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help=f"{_SCOPES}, or the name of an unreadable field.")],
    yes: Annotated[bool, typer.Option("--yes", help="Lift even a FROZEN.")] = False,
) -> None:
    """Lift what was set for a scope, so that policy alone decides. Wider scopes may still restrict it."""
    with session() as work:
        change, epoch = work.store.commit(partial(lift, name=scope, now=utc_now(), even_frozen=yes))
    for control in change.before:
        say(f"{control.field}: {control.entry.mode} lifted ({control.entry.reason})")
    if change.write is None:
        say(f"{change.scope}: nothing was set, nothing written")
    if change.remaining is not None:
        entry = change.remaining.entry
        warn(f"{change.scope} is still {entry.mode} by what is set for {change.remaining.scope}: {entry.reason}")
    say_epoch(epoch)


@control_commands.command(epilog="Example: cio-policy status --json")
def status(as_json: AsJson = False) -> None:
    """Show which scopes are restricted, by whom and why, and entries that have expired."""
    with session() as work:
        stored = work.store.read()
    now = utc_now()
    controls = sorted(read_control(stored), key=lambda control: scope_order(control.field))
    if as_json:
        say_json({"epoch": stored.epoch, "entries": view.controls_json(controls, now)})
        return
    if controls:
        say_table(view.CONTROL_HEADINGS, view.control_rows(controls, now))
    else:
        say("nothing is halted or restricted by hand")
    say_epoch(stored.epoch)


def _impose(mode: Mode, scope: str, reason: str, lasting: str | None, by: str | None) -> None:
    with session() as work:
        decide = partial(
            impose,
            scope=control_scope(scope),
            mode=mode,
            reason=reason,
            by=work.author(by),
            now=utc_now(),
            lasting=None if lasting is None else parse_duration(lasting),
        )
        change, epoch = work.store.commit(decide)
    for control in change.before:
        say(f"{control.field}: replaces {control.entry.mode} ({control.entry.reason})")
    entry = change.after
    until = "lifted" if entry is None or entry.expires_at is None else moment(entry.expires_at)
    say(f"{change.scope}: {mode} until {until}")
    say_epoch(epoch)
    say_if_first(epoch)
