"""The command of `cio-audit` that explains a decision."""

from collections.abc import Iterator
from typing import Annotated

import typer

from cio_strategist.command_line.archive_session import FromFile, with_archive
from cio_strategist.command_line.console import moment, say, say_entries, say_json, shown
from cio_strategist.command_line.options import AsJson
from cio_strategist.command_line.session import reporting
from cio_strategist.domain.decisions.explanation import ExplainedBreach, Explanation

explain_command = typer.Typer()


@explain_command.command(epilog="Example: cio-audit explain 4f1c2b9d8e7a4c55a0d1b2c3d4e5f607")
def explain(
    decision_id: Annotated[str, typer.Argument(metavar="DECISION_ID", help="As in the verdict and in the signal.")],
    source: FromFile = None,
    as_json: AsJson = False,
) -> None:
    """Explain a decision: which limit, set by whom, when, why and in which version, and what would have passed.

    An export knows who set a limit and when, but not why: that is in the history of the authority.
    """
    with reporting():
        found = with_archive(source, lambda archive: archive.decisions.explanation(decision_id))
    if as_json:
        say_json(found.model_dump(mode="json"))
    else:
        _say(found)


def _say(found: Explanation) -> None:
    say(found.summary)
    for each in found.breaches:
        noted = "" if each.vetoes else " (noted: it does not count against a way out)"
        say_entries(f"{each.breach.code}{noted}", list(_entries(each)))


def _entries(explained: ExplainedBreach) -> Iterator[tuple[str, str]]:
    breach, origin = explained.breach, explained.origin
    yield "what", breach.message
    yield "would have passed", explained.would_have_passed
    if origin is None:
        return
    if origin.version is None:
        yield "limit", f"{origin.parameter} of {origin.scope}"
    else:
        set_to = breach.limit if origin.value is None else origin.value
        left = "" if set_to == breach.limit else f", of which {shown(breach.limit)} are left"
        yield "limit", f"{origin.parameter} = {shown(set_to)} in {origin.scope} version {origin.version}{left}"
    yield "set by", f"{origin.set_by} {moment(origin.set_at)}".strip() if origin.set_by else "nobody: it is the default"
    if origin.reason:
        yield "because", origin.reason
    if origin.audit_id:
        yield "change", origin.audit_id
