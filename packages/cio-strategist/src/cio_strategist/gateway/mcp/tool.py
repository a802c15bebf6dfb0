"""What a tool is: its description for models, and a function that answers a call."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias, TypeVar

from mcp.types import Tool, ToolAnnotations
from pydantic import BaseModel

from cio_strategist.domain.access.caller import Caller, Permission
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.gateway.mcp.arguments import Arguments, WriteArguments, read_arguments
from cio_strategist.gateway.mcp.schemas import input_schema, output_schema
from cio_strategist.gateway.services import Services

ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, and what the call may use."""

    services: Services
    caller: Caller
    request_id: str

    def request(self, arguments: Arguments, *, expect_version: int | None = None) -> ChangeRequest:
        """Return the circumstances of a change, or of one that is only asked about."""
        words = arguments if isinstance(arguments, WriteArguments) else None
        return ChangeRequest(
            caller=self.caller,
            reason=None if words is None else words.reason.strip(),
            thought_trace=None if words is None else words.thought_trace.strip(),
            expect_version=expect_version,
            idempotency_key=None if words is None else words.idempotency_key,
            request_id=self.request_id,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """What a tool answers."""

    content: BaseModel
    text: str
    """The gist in a sentence or two."""


Act: TypeAlias = Callable[[Call, ArgumentsT], Awaitable[Reply]]
"""Does what a tool is for. Raises the errors of the services."""


class Effect(Enum):
    """What a tool does to the world, as its annotations tell."""

    READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
    OVERWRITES = ToolAnnotations(
        read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
    )
    """What was there is replaced; asking for the same again changes nothing more."""
    PROTECTS = ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    """Adds a restriction; asking for the same again leads to the same."""
    DECIDES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=False)
    """Asking again is something else."""


@dataclass(frozen=True, slots=True)
class GatewayTool:
    """One tool, ready to be listed and called."""

    listing: Tool
    needs: Permission
    run: Callable[[Call, Mapping[str, Any]], Awaitable[Reply]]
    """Reads the arguments, checks the words of a write, counts it, and acts. Raises `StrategistError`."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.listing.name


def make_tool(
    act: Act[ArgumentsT],
    *,
    name: str,
    title: str,
    description: str,
    takes: type[ArgumentsT],
    returns: type[BaseModel],
    needs: Permission = Permission.READ,
    effect: Effect = Effect.READS,
    limited: bool = True,
    full: bool = False,
) -> GatewayTool:
    """Return a tool. `limited`: a write of it counts against the caller's rate; `full`: parameters with all prose."""

    async def run(call: Call, arguments: Mapping[str, Any]) -> Reply:
        read = read_arguments(takes, arguments)
        if isinstance(read, WriteArguments):
            read.check_words()
            if limited:
                await call.services.write_limit.take(call.caller)
        return await act(call, read)

    listing = Tool(
        name=name,
        title=title,
        description=" ".join(description.split()),
        input_schema=input_schema(takes, full=full),
        output_schema=output_schema(returns),
        annotations=effect.value.model_copy(update={"title": title}),
    )
    return GatewayTool(listing, needs, run)
