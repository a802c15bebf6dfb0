"""What the commands do."""

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from canary.caller import Credentials
from canary.clock import Clock, SystemClock
from canary.credentials import find_credentials, write_file
from canary.errors import RefusedError
from canary.model import Mode
from canary.others import list_others
from canary.planning import plan_close
from canary.reading import describe
from canary.rehearsal import CREDENTIALS, drills, last_rehearsal, practice_account, record, run_drill
from canary.report import (
    EXIT_CODES,
    EXIT_DONE,
    EXIT_REFUSED,
    EXIT_UNKNOWN,
    as_json,
    summary,
    table,
    write_report,
)
from canary.result import RunResult, Verdict
from canary.session import PREPARATION_SECONDS, Examination, Session, open_session
from canary.settings import Settings, read_settings
from canary.simulator.exchange import SimulatedExchange
from canary.simulator.server import SimulatorServer
from canary.transport import HttpTransport

GIVE_UP_AFTER_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Console:
    """How a command talks: `say` shows progress, `show` the outcome, `ask` takes a line, `ask_secret` hides it."""

    say: Callable[[str], None]
    show: Callable[[str], None]
    ask: Callable[[str], str]
    ask_secret: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Target:
    """The account that a command is about."""

    settings: Settings
    credentials: Credentials
    clock: Clock


def standard_console() -> Console:
    """Return the real one: outcome on standard output, everything else on standard error."""

    def ask(question: str) -> str:
        print(question, end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        return line.strip()

    return Console(
        say=lambda text: print(text, file=sys.stderr, flush=True),
        show=lambda text: print(text, flush=True),
        ask=ask,
        ask_secret=lambda question: getpass.getpass(question) if sys.stdin.isatty() else sys.stdin.readline().strip(),
    )


def target_of(options: argparse.Namespace, environment: Mapping[str, str], console: Console) -> Target:
    """Return the account that options and environment name; raises `RefusedError`."""
    settings = read_settings(environment, base_url=options.base_url, testnet=options.testnet)
    credentials = find_credentials(environment, file=options.credentials, ask=console.ask_secret)
    return Target(settings, credentials, SystemClock())


def plan(options: argparse.Namespace, environment: Mapping[str, str], console: Console) -> int:
    """Show what `close-all` would do; nothing is changed."""
    target = target_of(options, environment, console)
    with _session(target, console) as session:
        found = session.examine(stated_mode=_mode(options))
        _show_plan(found, target, console)
        for line in _others(options, target, session):
            console.show(f"Not touched: {line}")
    console.show("This was a plan: nothing was changed. To do it: canary close-all")
    return EXIT_DONE if found.reading.complete else EXIT_UNKNOWN


def close_all(options: argparse.Namespace, environment: Mapping[str, str], console: Console) -> int:
    """Show the plan, have it confirmed, carry it out, and report."""
    target = target_of(options, environment, console)
    with _session(target, console, preparation=options.give_up_after) as session:
        found = session.examine(stated_mode=_mode(options))
        _show_plan(found, target, console)
        if not found.reading.flat and not _confirmed(options, found, console):
            console.show("NOTHING WAS CHANGED.")
            return EXIT_REFUSED
        result = _carry_out(session, found, options.give_up_after)
        others = _others(options, target, session)
        for line in others:
            console.show(f"Not touched: {line}")
        _report(options.report, target, session, found, result, others, console)
    return EXIT_CODES[result.verdict]


def close_without_asking(options: argparse.Namespace, target: Target, console: Console) -> bool:
    """Close everything, as it was agreed beforehand; return whether the account is flat. Raises `RefusedError`."""
    with _session(target, console) as session:
        found = session.examine(stated_mode=_mode(options))
        result = _carry_out(session, found, GIVE_UP_AFTER_SECONDS)
        _report(None, target, session, found, result, [], console)
    return result.verdict is Verdict.FLAT


def rehearse(options: argparse.Namespace, environment: Mapping[str, str], console: Console) -> int:
    """Let the person close a simulated account, then run every drill; remember the date."""
    home = read_settings(environment).home
    log = home / "rehearsal.log"
    console.show("REHEARSAL: a simulated exchange on this machine. Nothing real is touched.")
    console.show(last_rehearsal(home, datetime.now(UTC)))
    closed = passed = _practice(options, log, console)
    if not closed:
        console.show("FAILED  the practice close: type the line exactly, or give --yes --i-understand in a script")
    for drill in drills():
        wrong = run_drill(drill, log=log)
        console.show(f"{'ok    ' if wrong is None else 'FAILED'}  {drill.title}{'' if wrong is None else f': {wrong}'}")
        passed = passed and wrong is None
    try:
        record(home, passed=passed)
    except OSError as error:
        console.say(f"The date of this rehearsal cannot be kept: {error}")
    console.show("Rehearsal passed." if passed else "Rehearsal FAILED.")
    return EXIT_DONE if passed else EXIT_REFUSED


def seal(options: argparse.Namespace, _environment: Mapping[str, str], console: Console) -> int:
    """Ask for key, secret and passphrase, and write the encrypted file."""
    file: Path = options.file
    if file.exists():
        raise RefusedError(f"{file} exists already: choose another name, or remove it first")
    credentials = Credentials(console.ask_secret("API key: ").strip(), console.ask_secret("API secret: ").strip())
    if not (credentials.key and credentials.secret):
        raise RefusedError("both the key and the secret are needed")
    passphrase = console.ask_secret("Passphrase (12 characters or more): ")
    if passphrase != console.ask_secret("Passphrase again: "):
        raise RefusedError("the passphrases differ")
    write_file(file, credentials, passphrase)
    console.show(f"Written: {file}. Use it with --credentials {file} or CANARY_CREDENTIALS.")
    return EXIT_DONE


def environment_of_process() -> Mapping[str, str]:
    """Return this process's environment."""
    return os.environ


def _session(
    target: Target, console: Console, *, preparation: float = PREPARATION_SECONDS
) -> AbstractContextManager[Session]:
    return open_session(
        HttpTransport(target.settings.base_url),
        target.credentials,
        clock=target.clock,
        log=target.settings.home / "canary.log",
        say=console.say,
        preparation=preparation,
    )


def _mode(options: argparse.Namespace) -> Mode | None:
    return Mode(options.mode) if options.mode else None


def _show_plan(found: Examination, target: Target, console: Console) -> None:
    console.show(
        f"Account {found.name} at {target.settings.place}, {found.mode.value} mode: {describe(found.reading)}."
    )
    console.show(last_rehearsal(target.settings.home, datetime.now(UTC)))
    rows: list[tuple[str, ...]] = []
    for position in sorted(found.reading.positions or (), key=lambda one: one.key):
        planned = plan_close(position, found.lots.get(position.symbol), str)
        how = f"{position.closing_side} at market in {len(planned.orders)} orders"
        rows.append((str(position), position.side, how, f"left: {planned.why_dust}" if planned.why_dust else ""))
    if rows:
        console.show(table(("POSITION", "SIDE", "CLOSE BY", ""), rows))
    for symbol in sorted({order.symbol for order in found.reading.all_orders}):
        plain = sum(1 for order in found.reading.orders or () if order.symbol == symbol)
        conditional = sum(1 for order in found.reading.conditional_orders or () if order.symbol == symbol)
        console.show(f"Cancel {symbol}: {plain} orders, {conditional} conditional orders")
    for problem in found.reading.problems:
        console.show(problem)


def _confirmed(options: argparse.Namespace, found: Examination, console: Console) -> bool:
    if options.dry_run:
        return False
    if options.yes and options.i_understand:
        return True
    count = "UNKNOWN" if found.reading.positions is None else str(len(found.reading.positions))
    phrase = f"CLOSE {found.name} {count}"
    return console.ask(f"To cancel and close all of this NOW, type exactly:  {phrase}\n> ") == phrase


def _carry_out(session: Session, found: Examination, seconds: float) -> RunResult:
    if found.reading.flat:
        return RunResult(Verdict.FLAT, found.reading, why_ended="nothing was open")
    return session.close_all(found, seconds=seconds)


def _others(options: argparse.Namespace, target: Target, session: Session) -> list[str]:
    if options.no_others:
        return []
    return list_others(
        target.settings.other_markets,
        target.credentials,
        clock=target.clock,
        offset=session.caller.pacer.offset,
        journal=session.journal,
    )


def _report(
    report: Path | None,
    target: Target,
    session: Session,
    found: Examination,
    result: RunResult,
    others: list[str],
    console: Console,
) -> None:
    text = as_json(session, found, target.settings.place, result, others)
    path = report or target.settings.home / "reports" / f"{session.run_id}.json"
    session.journal.write("ended", verdict=result.verdict.value, why=result.why_ended)
    failure = write_report(path, text)
    console.say(f"Report: {path}" if failure is None else f"The report cannot be written: {failure}")
    console.show(summary(result))


def _practice(options: argparse.Namespace, log: Path, console: Console) -> bool:
    account = practice_account()
    exchange = SimulatedExchange(account, CREDENTIALS, SystemClock())
    with SimulatorServer(exchange) as server:
        settings = Settings(server.url, "REHEARSAL", log.parent, {})
        target = Target(settings, CREDENTIALS, SystemClock())
        with open_session(
            HttpTransport(server.url), CREDENTIALS, clock=target.clock, log=log, say=console.say
        ) as session:
            found = session.examine()
            _show_plan(found, target, console)
            if not _confirmed(options, found, console):
                console.show("NOTHING WAS CHANGED: what was typed is not what was asked for.")
                return False
            result = session.close_all(found, seconds=options.give_up_after)
            console.show(summary(result))
    return result.verdict is Verdict.FLAT and not account.open_positions() and not account.resting
