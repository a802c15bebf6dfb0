"""What the commands do."""

import argparse
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from canary.caller import Credentials
from canary.clock import Clock, SystemClock
from canary.console import Console, outliving_the_terminal
from canary.credentials import find_credentials, write_file
from canary.errors import RefusedError
from canary.model import Mode
from canary.others import list_others
from canary.plan_text import confirmation, plan_text
from canary.rehearsal import last_rehearsal
from canary.report import EXIT_CODES, EXIT_DONE, EXIT_REFUSED, EXIT_UNKNOWN, as_json, summary, write_report
from canary.result import Verdict
from canary.runs import MarketRun, carry_out, examine_beside, others_asked_for, worst
from canary.session import PREPARATION_SECONDS, Session, open_session
from canary.settings import Settings, read_settings
from canary.transport import HttpTransport

GIVE_UP_AFTER_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Target:
    """The account that a command is about."""

    settings: Settings
    credentials: Credentials
    clock: Clock


def target_of(options: argparse.Namespace, environment: Mapping[str, str], console: Console) -> Target:
    """Return the account that options and environment name; raises `RefusedError`."""
    settings = read_settings(environment, base_url=options.base_url, testnet=options.testnet)
    credentials = find_credentials(environment, file=options.credentials, ask=console.ask_secret)
    return Target(settings, credentials, SystemClock())


def plan(options: argparse.Namespace, environment: Mapping[str, str], console: Console) -> int:
    """Show what `close-all` would do; nothing is changed."""
    target = target_of(options, environment, console)
    with ExitStack() as stack:
        session = stack.enter_context(_session(target, console))
        runs = _examine(stack, session, options, target, PREPARATION_SECONDS)
        _show_plan(runs, target, console)
        _show_others(options, target, session, console)
    console.show("This was a plan: nothing was changed. To do it: canary close-all, with the same options")
    complete = all(run.found is not None and run.found.reading.complete for run in runs)
    return EXIT_DONE if complete else EXIT_UNKNOWN


def close_all(options: argparse.Namespace, environment: Mapping[str, str], console: Console) -> int:
    """Show the plan, have it confirmed, carry it out, and report."""
    target = target_of(options, environment, console)
    with ExitStack() as stack:
        session = stack.enter_context(_session(target, console, preparation=options.give_up_after))
        runs = _examine(stack, session, options, target, options.give_up_after)
        _show_plan(runs, target, console)
        if not (all(run.flat_already for run in runs) or _confirmed(options, runs, console)):
            console.show("NOTHING WAS CHANGED.")
            return EXIT_REFUSED
        try:
            with outliving_the_terminal():
                _carry_out_and_report(runs, options, target, console)
        except KeyboardInterrupt:
            console.say("canary: interrupted. What was sent stays sent: run `canary plan` to see what is open.")
            return EXIT_UNKNOWN
    return EXIT_CODES[worst(runs)]


def close_without_asking(options: argparse.Namespace, target: Target, console: Console) -> bool:
    """Close everything, as it was agreed beforehand; return whether the account is flat. Raises `RefusedError`."""
    with ExitStack() as stack:
        session = stack.enter_context(_session(target, console))
        runs = _examine(stack, session, options, target, PREPARATION_SECONDS)
        carry_out(runs, GIVE_UP_AFTER_SECONDS)
        _report(None, target, runs, console)
    if any(run.result is not None and run.result.interrupted for run in runs):
        raise KeyboardInterrupt
    return worst(runs) is Verdict.FLAT


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


def _examine(
    stack: ExitStack, session: Session, options: argparse.Namespace, target: Target, seconds: float
) -> list[MarketRun]:
    mode = Mode(options.mode) if options.mode else None
    first = MarketRun("USD-M", session, session.examine(stated_mode=mode))
    return [first, *examine_beside(stack, session, others_asked_for(options, target.settings), mode, seconds)]


def _show_plan(runs: list[MarketRun], target: Target, console: Console) -> None:
    for line in plan_text(runs, target.settings.place, last_rehearsal(target.settings.home, datetime.now(UTC))):
        console.show(line)


def _confirmed(options: argparse.Namespace, runs: list[MarketRun], console: Console) -> bool:
    if options.dry_run:
        return False
    if options.yes and options.i_understand:
        return True
    phrase = confirmation(runs)
    typed = console.ask(f"To cancel and close all of this NOW, type exactly:  {phrase}\n> ")
    if typed is None:
        console.say("Nobody is there to type it. For scripts: --yes --i-understand")
    return typed == phrase


def _carry_out_and_report(runs: list[MarketRun], options: argparse.Namespace, target: Target, console: Console) -> None:
    carry_out(runs, options.give_up_after)
    _report(options.report, target, runs, console)
    if not any(run.result is not None and run.result.interrupted for run in runs):
        others = _show_others(options, target, runs[0].session, console)
        # Once more, with what is not urgent: the first one is there whatever becomes of these questions.
        write_report(_report_path(options.report, target, runs), as_json(runs, target.settings.place, others))


def _show_others(options: argparse.Namespace, target: Target, session: Session, console: Console) -> list[str]:
    """Show what the account holds where nothing is closed, and what selling has left in spot."""
    if options.no_others:
        return []
    lines = list_others(
        {name: url for name, url in target.settings.other_markets.items() if name != "COIN-M" or not options.coin_m},
        target.credentials,
        clock=target.clock,
        offset=session.caller.pacer.offset,
        journal=session.journal,
    )
    for line in lines:
        console.show(f"{'Held' if options.sell_spot and line.startswith('spot:') else 'Not touched'}: {line}")
    return lines


def _report(report: Path | None, target: Target, runs: list[MarketRun], console: Console) -> None:
    path = _report_path(report, target, runs)
    runs[0].session.journal.write("ended", verdict=worst(runs).value)
    failure = write_report(path, as_json(runs, target.settings.place, []))
    console.say(f"Report: {path}" if failure is None else f"The report cannot be written: {failure}")
    console.show(summary(runs))


def _report_path(report: Path | None, target: Target, runs: list[MarketRun]) -> Path:
    return report or target.settings.home / "reports" / f"{runs[0].session.run_id}.json"
