"""Telling what became of a change."""

import typer

from cio_strategist.command_line.console import say, warn
from cio_strategist.command_line.policy import view
from cio_strategist.command_line.session import REFUSED
from cio_strategist.domain.policy.outcome import Enforcement, Outcome, OutcomeStatus


def say_outcome(outcome: Outcome) -> None:
    """Print what changed in a scope, at which version, and whether the gates can know it.

    Leaves with the exit code of what was not done if the change waits for an operator.
    """
    if outcome.status is OutcomeStatus.UNCHANGED:
        say(f"{outcome.scope} says so already: nothing written (version {outcome.version})")
    elif outcome.status is OutcomeStatus.PENDING:
        warn(outcome.message)
        warn(f"an operator decides: cio-policy approve {outcome.proposal_id}")
        raise typer.Exit(REFUSED)
    else:
        say(outcome.scope)
        for change in outcome.changes:
            say(view.change_line(change))
        epoch = None if outcome.enforcement is None else outcome.enforcement.epoch
        say(f"version {outcome.version}" + ("" if epoch is None else f", epoch {epoch}"))
        if epoch == 1:
            say("this is the first write: the gate has a policy now and leaves BLIND")
        if outcome.enforcement is not None and not outcome.enforcement.enforced:
            warn(outcome.enforcement.message)
    if outcome.problem is not None:
        warn(f"the gate will still not believe it: {outcome.problem}")


def say_enforcement(enforcement: Enforcement) -> None:
    """Print whether the gates can know of the newest policy."""
    (say if enforcement.enforced else warn)(enforcement.message)
