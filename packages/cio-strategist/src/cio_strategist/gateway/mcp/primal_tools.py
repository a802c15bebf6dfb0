"""Tools about the primal limits: one that tells them, and one that says that nobody changes them here."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, WithJsonSchema

from cio_strategist.domain.policy.views import PrimalView
from cio_strategist.gateway.mcp.arguments import Arguments
from cio_strategist.gateway.mcp.catalogue_tools import NoArguments
from cio_strategist.gateway.mcp.tool import Call, Effect, GatewayTool, Reply, make_tool


class AttemptArguments(Arguments):
    """Arguments of `set_primal_limits`. Anything is taken, so that no attempt goes unrecorded for its form."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": False})

    limits: Annotated[Any, WithJsonSchema({"type": "object"})] = Field(
        default=None, description="The limits that you would want, by name. Kept in the trail, not set."
    )
    reason: Annotated[Any, WithJsonSchema({"type": "string"})] = Field(
        default=None, description="Why, for whoever reads the trail."
    )


async def get_primal_limits(call: Call, _arguments: NoArguments) -> Reply:
    """Return the hard ceilings."""
    found = call.services.primal.view()
    return Reply(found, found.message)


async def set_primal_limits(call: Call, arguments: AttemptArguments) -> Reply:
    """Refuse, and record that it was tried."""
    await call.services.write_limit.take(call.caller)
    await call.services.primal.refuse(arguments.model_dump(), caller=call.caller, request_id=call.request_id)


PRIMAL_TOOLS: tuple[GatewayTool, ...] = (
    make_tool(
        get_primal_limits,
        name="get_primal_limits",
        title="Hard ceilings",
        description="""Returns the primal limits: the hard ceilings on order value, leverage, exposure, daily loss,
        order rate, price deviation and quote assets, with the parameters that each bounds. The gate holds every order
        down to them whatever policy says, and a change beyond them is refused with PRIMAL_LIMIT. Look here before you
        loosen a limit. Needs no token.""",
        takes=NoArguments,
        returns=PrimalView,
    ),
    make_tool(
        set_primal_limits,
        name="set_primal_limits",
        title="Change hard ceilings (always refused)",
        description="""Always refused with PRIMAL_LIMIT, and the attempt is recorded under your name. Primal limits are
        a file that two approvers sign outside every running process; no token, proposal or code changes that. It is
        here so that this is said instead of guessed. If a limit is wrong, tell the operator what and why.""",
        takes=AttemptArguments,
        returns=PrimalView,
        effect=Effect.OVERWRITES,
    ),
)
"""Tools about the primal limits."""
