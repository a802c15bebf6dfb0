"""Tools that halt and resume, and those that decide about proposals."""

from typing import Literal

from pydantic import Field

from cio_strategist.domain.access.caller import Permission
from cio_strategist.domain.duration import parse_duration
from cio_strategist.domain.policy.latch_change import LatchOutcome
from cio_strategist.domain.policy.outcome import ControlOutcome, Outcome
from cio_strategist.domain.policy.proposal import Proposal, ProposalStatus
from cio_strategist.domain.portfolio.book import Latch
from cio_strategist.errors import UsageError
from cio_strategist.gateway.mcp.answers import ControlList
from cio_strategist.gateway.mcp.arguments import (
    CONTROL_SCOPE_FORMS,
    Arguments,
    ScopeKey,
    SecondFactorCode,
    WriteArguments,
)
from cio_strategist.gateway.mcp.catalogue_tools import NoArguments
from cio_strategist.gateway.mcp.errors import ArgumentsError
from cio_strategist.gateway.mcp.tool import Call, Effect, GatewayTool, Reply, make_tool
from cio_strategist.gateway.problems import FieldProblem
from cio_strategist.gateway.routes.proposals import ProposalList
from petrosa_contracts import Mode

MOST_PROPOSALS = 200
"""Proposals in one answer at most."""

_SCOPE = Field(
    max_length=200,
    description=(
        "Whom it concerns: `global`, `symbol:<SYMBOL>` or `strategy:<strategy id>`. One side of a symbol cannot be "
        "halted: set its enable_longs or enable_shorts to false instead."
    ),
    examples=list(CONTROL_SCOPE_FORMS),
)
_PROPOSAL_ID = Field(min_length=1, max_length=100, description="Id as in list_proposals, or in a change's answer.")


class ControlArguments(WriteArguments):
    """Arguments of `set_control`."""

    scope: ScopeKey = _SCOPE
    mode: Literal["SAFE", "HALTED", "FROZEN"] = Field(
        description=(
            "SAFE: trading goes on within the fail-safe limits, without new symbols. HALTED: only orders that reduce "
            "risk pass. FROZEN: nothing passes, not even closing; an operator's to set, with a second factor."
        )
    )
    duration: str | None = Field(
        default=None,
        max_length=40,
        description="How long, such as 30m, 2h, 1d or 1h30m; null: until it is lifted.",
        examples=["30m", "2h"],
    )
    code: SecondFactorCode


class LiftArguments(WriteArguments):
    """Arguments of `lift_control`."""

    scope: str = _SCOPE
    code: SecondFactorCode


class LatchArguments(WriteArguments):
    """Arguments of `clear_latch`."""

    latch: Latch = Field(
        description="daily-loss: the latched loss of the UTC day; drawdown: the latched fall from the peak."
    )
    code: SecondFactorCode


class ProposalListArguments(Arguments):
    """Arguments of `list_proposals`."""

    status: Literal["pending", "approved", "rejected", "stale"] | None = Field(
        default=None, description="Only proposals that stand so; null: all."
    )
    limit: int = Field(default=20, ge=1, le=MOST_PROPOSALS, strict=True, description="Proposals wanted.")


class ProposalArguments(Arguments):
    """Arguments of `get_proposal`."""

    proposal_id: str = _PROPOSAL_ID


class ApprovalArguments(WriteArguments):
    """Arguments of `approve_proposal`."""

    proposal_id: str = _PROPOSAL_ID
    code: SecondFactorCode


class RejectionArguments(WriteArguments):
    """Arguments of `reject_proposal`."""

    proposal_id: str = _PROPOSAL_ID


async def get_control(call: Call, _arguments: NoArguments) -> Reply:
    """Return what is restricted by hand."""
    controls = await call.services.reader.controls()
    in_force = [f"{each.scope} is {each.entry.mode}" for each in controls if each.in_force]
    message = "; ".join(in_force) or "nothing is restricted: policy alone decides"
    return Reply(ControlList(controls=controls, message=message), message)


async def set_control(call: Call, arguments: ControlArguments) -> Reply:
    """Put a scope into a mode."""
    lasting = None
    if arguments.duration is not None:
        try:
            lasting = parse_duration(arguments.duration)
        except UsageError as error:
            problem = FieldProblem(field="duration", code="INVALID_VALUE", message=str(error))
            raise ArgumentsError([problem]) from error
    outcome = await call.services.control.impose(
        Mode(arguments.mode),
        scope=arguments.scope,
        request=call.request(arguments),
        lasting=lasting,
        code=arguments.code,
    )
    return _told(outcome)


async def lift_control(call: Call, arguments: LiftArguments) -> Reply:
    """Lift what is set for a scope."""
    outcome = await call.services.control.lift(
        scope=arguments.scope, request=call.request(arguments), code=arguments.code
    )
    return _told(outcome)


async def clear_latch(call: Call, arguments: LatchArguments) -> Reply:
    """Clear a latch of the portfolio."""
    return _told(
        await call.services.latches.clear(arguments.latch, request=call.request(arguments), code=arguments.code)
    )


async def list_proposals(call: Call, arguments: ProposalListArguments) -> Reply:
    """Return proposals."""
    status = None if arguments.status is None else ProposalStatus(arguments.status)
    found = tuple(await call.services.proposals.all(status, limit=arguments.limit))
    named = "; ".join(f"{each.id} on {each.scope} is {each.status}" for each in found) or "there are none"
    return Reply(ProposalList(proposals=found), named)


async def get_proposal(call: Call, arguments: ProposalArguments) -> Reply:
    """Return one proposal."""
    found = await call.services.proposals.one(arguments.proposal_id)
    return Reply(found, f"proposal {found.id} on {found.scope} is {found.status}: {found.why_pending}")


async def approve_proposal(call: Call, arguments: ApprovalArguments) -> Reply:
    """Carry out a proposal."""
    outcome = await call.services.proposals.approve(
        arguments.proposal_id, request=call.request(arguments), code=arguments.code
    )
    return Reply(outcome, outcome.message)


async def reject_proposal(call: Call, arguments: RejectionArguments) -> Reply:
    """Turn a proposal down."""
    found = await call.services.proposals.reject(arguments.proposal_id, request=call.request(arguments))
    return Reply(found, f"proposal {found.id} is {found.status}")


def _told(outcome: ControlOutcome | LatchOutcome) -> Reply:
    enforcement = "" if outcome.enforcement is None else f"; {outcome.enforcement.message}"
    return Reply(outcome, f"{outcome.message}{enforcement}")


CONTROL_TOOLS: tuple[GatewayTool, ...] = (
    make_tool(
        get_control,
        name="get_control",
        title="What is halted",
        description="""Returns every mode set by hand (SAFE, HALTED, FROZEN) with its reason, author and end, and
        whether it is in force. The strictest of global, symbol and strategy decides for an order, before policy.""",
        takes=NoArguments,
        returns=ControlList,
    ),
    make_tool(
        set_control,
        name="set_control",
        title="Halt or restrict",
        description="""Puts a scope into SAFE or HALTED at once, for a while or until it is lifted. Use it when
        something is wrong and waiting costs money: it is never limited in rate, needs no approval, and positions can
        still be closed. Whatever lets more pass than what is set (a laxer mode, an earlier end), and FROZEN, is an
        operator's to do with a code.""",
        takes=ControlArguments,
        returns=ControlOutcome,
        needs=Permission.TIGHTEN,
        effect=Effect.PROTECTS,
        limited=False,
    ),
    make_tool(
        lift_control,
        name="lift_control",
        title="Resume",
        description="""Lifts what is set for a scope, so that policy alone decides again; the answer says what wider
        scopes still restrict. An operator's to do, with the code that their authenticator shows now. An agent asks
        the operator.""",
        takes=LiftArguments,
        returns=ControlOutcome,
        needs=Permission.LOOSEN,
        effect=Effect.DECIDES,
    ),
    make_tool(
        clear_latch,
        name="clear_latch",
        title="Clear a latch",
        description="""Clears the latched loss of the day or the latched drawdown, which then counts anew from the
        equity of now, so that entries pass again. An operator's to do, with the code that their authenticator shows
        now. An agent asks the operator.""",
        takes=LatchArguments,
        returns=LatchOutcome,
        needs=Permission.LOOSEN,
        effect=Effect.DECIDES,
    ),
    make_tool(
        list_proposals,
        name="list_proposals",
        title="Proposals",
        description="""Lists changes that loosened more than their author may, newest first, with what became of them.
        A pending one waits for an operator; it goes stale when its scope is changed meanwhile.""",
        takes=ProposalListArguments,
        returns=ProposalList,
    ),
    make_tool(
        get_proposal,
        name="get_proposal",
        title="One proposal",
        description="Returns one proposal: the change, why it waits, its author's reasoning, and what was decided.",
        takes=ProposalArguments,
        returns=Proposal,
    ),
    make_tool(
        approve_proposal,
        name="approve_proposal",
        title="Approve a proposal",
        description="""Carries out a pending proposal. An operator's to do; approving one's own also takes a code. If
        its scope was changed since it was made, it becomes stale and has to be proposed anew.""",
        takes=ApprovalArguments,
        returns=Outcome,
        needs=Permission.APPROVE,
        effect=Effect.DECIDES,
    ),
    make_tool(
        reject_proposal,
        name="reject_proposal",
        title="Reject a proposal",
        description="Turns a pending proposal down; nothing changes. An operator's to do. The author reads the reason.",
        takes=RejectionArguments,
        returns=Proposal,
        needs=Permission.APPROVE,
        effect=Effect.DECIDES,
    ),
)
"""Tools that halt, resume, and decide about proposals."""
