"""The config operations of the fleet's bots as tools, named `<bot>__<operation>`."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import structlog
from mcp.types import Tool, ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field

from cio_strategist.domain.access.caller import Permission
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.fleet.bot import REASON_FIELD, SEPARATOR, THOUGHT_FIELD, BotOperation
from cio_strategist.domain.fleet.call import BotReply
from cio_strategist.errors import NotFoundError, RefusedError
from cio_strategist.gateway.mcp.arguments import WriteArguments, read_arguments
from cio_strategist.gateway.mcp.schemas import output_schema
from cio_strategist.gateway.mcp.tool import Call, GatewayTool, Reply
from cio_strategist.service.fleet.fleet import Offer

_log: structlog.stdlib.BoundLogger = structlog.get_logger()

REFRESH_SECONDS = 15.0
"""How often it is looked whether bots offer something else."""
FIRST_LOOK_SECONDS = 2.0
"""How long the first listing waits at most for the bots to say what they offer."""


class Bots(Protocol):
    """What is needed of the fleet."""

    async def offers(self) -> Sequence[Offer]:
        """Return what all bots offer, without those that were away ever since."""
        ...

    async def operations(self, bot: str) -> Offer:
        """Return what a bot offers. Raises `NotFoundError` and `BotError`."""
        ...

    async def call(self, bot: str, operation: str, arguments: Mapping[str, Any], request: ChangeRequest) -> BotReply:
        """Call an operation."""
        ...


class BotAnswer(BaseModel):
    """What a bot replied."""

    model_config = ConfigDict(frozen=True)

    status: int = Field(description="HTTP status of the reply.")
    body: Any = Field(description="The JSON of the reply, as the bot has it; null for an empty one.")


class FleetTools:
    """Tools of bots. Listing them never waits for a bot: what was last known of one that is away stays."""

    def __init__(self, bots: Bots) -> None:
        self._bots = bots
        self._known: dict[str, BotOperation] = {}
        self._looked = asyncio.Event()

    async def keep_looking(self) -> None:
        """Follow what the bots offer, until cancelled."""
        while True:
            try:
                await self._look()
            except Exception:  # noqa: BLE001  a document that cannot even be refused must not end the gateway
                _log.exception("fleet_not_read")
            await asyncio.sleep(REFRESH_SECONDS)

    async def listed(self) -> list[Tool]:
        """Return the tools known, in the order of their names."""
        try:
            async with asyncio.timeout(FIRST_LOOK_SECONDS):
                await self._looked.wait()
        except TimeoutError:
            _log.warning("fleet_not_listed", reason="the bots have not answered yet")
        return [_listing(operation) for _, operation in sorted(self._known.items())]

    def input_schema(self, name: str) -> Mapping[str, Any] | None:
        """Return the input schema of a known tool."""
        operation = self._known.get(name)
        return None if operation is None else operation.tool_schema

    async def tool(self, name: str) -> GatewayTool:
        """Return the tool of a name with a separator. Raises `NotFoundError` and `BotError` as the fleet does."""
        operation = self._known.get(name)
        if operation is None:
            bot, _, wanted = name.partition(SEPARATOR)
            operation = (await self._bots.operations(bot)).api.operation(wanted)
        if operation is None:
            raise NotFoundError(f"there is no tool {name[:100]!r}: list the tools to see which there are")
        return self._made(operation)

    async def _look(self) -> None:
        for offer in await self._bots.offers():
            # A bot that dropped an operation has dropped it; one that is away is not among the offers, and keeps all.
            kept = {name: each for name, each in self._known.items() if each.bot != offer.bot.name}
            self._known = kept | {operation.tool: operation for operation in offer.api.operations}
        self._looked.set()

    def _made(self, operation: BotOperation) -> GatewayTool:
        async def run(call: Call, arguments: Mapping[str, Any]) -> Reply:
            request = _request(call, operation, arguments)
            if operation.permission is Permission.WRITE:
                await call.services.write_limit.take(call.caller)
            own = {REASON_FIELD, THOUGHT_FIELD} if operation.writes else frozenset[str]()
            passed_on = {name: value for name, value in arguments.items() if name not in own}
            reply = await self._bots.call(operation.bot, operation.name, passed_on, request)
            if reply.refusal is not None:
                raise RefusedError(f"bot {operation.bot} refused: {reply.refusal}")
            done = "took the change" if operation.writes else "answered"
            return Reply(BotAnswer(status=reply.status, body=reply.body), f"bot {operation.bot} {done}")

        return GatewayTool(_listing(operation), operation.permission, run)


def _request(call: Call, operation: BotOperation, arguments: Mapping[str, Any]) -> ChangeRequest:
    if not operation.writes:
        return ChangeRequest(caller=call.caller, request_id=call.request_id)
    given = {name: arguments[name] for name in (REASON_FIELD, THOUGHT_FIELD) if name in arguments}
    words = read_arguments(WriteArguments, given)
    words.check_words()
    return call.request(words)


def _listing(operation: BotOperation) -> Tool:
    title = operation.summary or operation.name
    parts = [
        f"Bot {operation.bot}: {operation.method} {operation.path}.",
        operation.description or operation.summary,
        "It changes the bot's own config, which no budget bounds and no rollback here undoes."
        if operation.writes
        else "",
    ]
    return Tool(
        name=operation.tool,
        title=title,
        description=" ".join(part for part in parts if part),
        input_schema=operation.tool_schema,
        output_schema=output_schema(BotAnswer),
        annotations=ToolAnnotations(
            title=title,
            read_only_hint=not operation.writes,
            destructive_hint=operation.writes,
            idempotent_hint=not operation.writes,
            open_world_hint=True,
        ),
    )
