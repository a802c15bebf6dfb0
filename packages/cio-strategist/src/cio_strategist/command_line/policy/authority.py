"""Commands that need the authority: history, rollback, proposals."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cio_strategist.command_line.console import say, say_json, say_table
from cio_strategist.command_line.options import SCOPES, AsJson, By, Code, Reason, ScopeArgument
from cio_strategist.command_line.policy import view
from cio_strategist.command_line.policy.outcome import say_outcome
from cio_strategist.command_line.session import Session, run
from cio_strategist.domain.policy.audit import AuditRecord, HistoryFilter
from cio_strategist.domain.policy.outcome import Outcome
from cio_strategist.domain.policy.proposal import Proposal, ProposalStatus
from cio_strategist.domain.policy.scope_key import parse_scope
from cio_strategist.errors import UsageError

authority_commands = typer.Typer()

_ProposalId = Annotated[str, typer.Argument(metavar="ID", help="As cio-policy proposals shows it.")]


@authority_commands.command(epilog="Example: cio-policy history symbol:BTCUSDT --limit 5")
def history(
    scope: Annotated[str | None, typer.Argument(metavar="SCOPE", help=f"Only this one: {SCOPES}")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show who changed what, when and why, the newest first."""

    async def look(work: Session) -> Sequence[AuditRecord]:
        wanted = HistoryFilter(scope=None if scope is None else parse_scope(scope).key)
        return await work.governance.needed_authority.reader.history(wanted, limit=limit)

    records = run(look)
    if as_json:
        say_json([record.model_dump(mode="json") for record in records])
    elif records:
        say_table(view.RECORD_HEADINGS, view.record_rows(records))
    else:
        say("nothing was ever changed here")


@authority_commands.command(epilog="Example: cio-policy rollback symbol:BTCUSDT --to 3")
def rollback(
    scope: ScopeArgument,
    to: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="To version N; 0: no config. Else the previous state.")
    ] = None,
    record: Annotated[str | None, typer.Option(metavar="ID", help="To the state after this audit record.")] = None,
    by: By = None,
    reason: Reason = None,
) -> None:
    """Bring back an earlier state of a scope as its next version: by default the one before the newest change."""

    async def work_on(work: Session) -> Outcome:
        if to is not None and record is not None:
            raise UsageError("--to and --record name two states: keep one")
        return await work.governance.manager.rollback(
            scope=parse_scope(scope).key,
            request=work.request(by=by, reason=reason),
            to_version=to,
            to_record=record,
        )

    say_outcome(run(work_on))


@authority_commands.command(epilog="Example: cio-policy proposals --all")
def proposals(
    decided: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False, as_json: AsJson = False
) -> None:
    """Show the changes that wait for an operator because they loosen more than their author may."""

    async def look(work: Session) -> Sequence[Proposal]:
        status = None if decided else ProposalStatus.PENDING
        return await work.governance.needed_authority.proposals.all(status)

    found = run(look)
    if as_json:
        say_json([proposal.model_dump(mode="json") for proposal in found])
    elif found:
        say_table(view.PROPOSAL_HEADINGS, view.proposal_rows(found))
    else:
        say("no proposal waits" if not decided else "there never was a proposal")


@authority_commands.command(epilog='Example: cio-policy approve 4f1c… --reason "seen and agreed"')
def approve(proposal_id: _ProposalId, by: By = None, reason: Reason = None, code: Code = None) -> None:
    """Carry out a proposal. One's own takes the second factor as well."""

    async def work_on(work: Session) -> Outcome:
        request = work.request(by=by, reason=reason)
        return await work.governance.needed_authority.proposals.approve(proposal_id, request=request, code=code)

    say_outcome(run(work_on))


@authority_commands.command(epilog='Example: cio-policy reject 4f1c… --reason "not before the funding"')
def reject(proposal_id: _ProposalId, by: By = None, reason: Reason = None) -> None:
    """Turn a proposal down."""

    async def work_on(work: Session) -> Proposal:
        request = work.request(by=by, reason=reason)
        return await work.governance.needed_authority.proposals.reject(proposal_id, request=request)

    rejected = run(work_on)
    say(f"proposal {rejected.id} is {rejected.status}: {rejected.scope} stays as it is")
