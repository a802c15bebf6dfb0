"""`canary rehearse`: a person closes a simulated account, then every drill is run."""

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from canary.clock import SystemClock
from canary.console import Console
from canary.plan_text import confirmation, plan_text
from canary.rehearsal import CREDENTIALS, drills, last_rehearsal, practice_account, record, run_drill
from canary.report import EXIT_DONE, EXIT_REFUSED, summary
from canary.result import Verdict
from canary.runs import MarketRun, carry_out
from canary.session import open_session
from canary.settings import read_settings
from canary.simulator.exchange import SimulatedExchange
from canary.simulator.server import SimulatorServer
from canary.transport import HttpTransport


def rehearse(options: argparse.Namespace, environment: Mapping[str, str], console: Console) -> int:
    """Let the person close a simulated account, then run every drill; remember the date."""
    home = read_settings(environment).home
    log = home / "rehearsal.log"
    console.show("REHEARSAL: a simulated exchange on this machine. Nothing real is touched.")
    console.show(last_rehearsal(home, datetime.now(UTC)))
    passed, by_hand = _practice(options, home, console)
    if not passed:
        console.show("FAILED  the practice close: type the line exactly, or give --yes --i-understand in a script")
    for drill in drills():
        wrong = run_drill(drill, log=log)
        console.show(f"{'ok    ' if wrong is None else 'FAILED'}  {drill.title}{'' if wrong is None else f': {wrong}'}")
        passed = passed and wrong is None
    try:
        record(home, passed=passed, by_hand=by_hand)
    except OSError as error:
        console.say(f"The date of this rehearsal cannot be kept: {error}")
    console.show("Rehearsal passed." if passed else "Rehearsal FAILED.")
    return EXIT_DONE if passed else EXIT_REFUSED


def _practice(options: argparse.Namespace, home: Path, console: Console) -> tuple[bool, bool]:
    """Return whether the simulated account was closed, and whether a person typed the line for it."""
    account = practice_account()
    exchange = SimulatedExchange(account, CREDENTIALS, SystemClock())
    with (
        SimulatorServer(exchange) as server,
        open_session(
            HttpTransport(server.url), CREDENTIALS, clock=SystemClock(), log=home / "rehearsal.log", say=console.say
        ) as session,
    ):
        runs = [MarketRun("USD-M", session, session.examine())]
        for line in plan_text(runs, "REHEARSAL", last_rehearsal(home, datetime.now(UTC))):
            console.show(line)
        typed = None
        if not options.yes:
            typed = console.ask(f"To cancel and close all of this NOW, type exactly:  {confirmation(runs)}\n> ")
            if typed is None:
                console.say("Nobody is there to type it: going on, since nothing of this is real.")
        if typed not in {None, confirmation(runs)}:
            console.show("NOTHING WAS CHANGED: what was typed is not what was asked for.")
            return False, True
        carry_out(runs, options.give_up_after)
        console.show(summary(runs))
    closed = runs[0].result is not None and runs[0].result.verdict is Verdict.FLAT
    return closed and not account.open_positions() and not account.resting, typed is not None
