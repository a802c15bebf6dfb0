"""Config operations of bots as tools."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.fleet.bot import Bot, BotApi, BotOperation, BotParameter, Place
from cio_strategist.domain.fleet.call import BotReply
from cio_strategist.errors import BotError, NotFoundError
from cio_strategist.gateway.mcp import fleet_tools
from cio_strategist.service.fleet.fleet import Offer
from tests.unit.strategist.gateway.mcp.world import WHY, McpWorld, content, error

BOT = Bot("ta-bot", "http://127.0.0.1:1")
STRATEGY = BotParameter("strategy_id", Place.PATH, {"type": "string"}, required=True)
READ = BotOperation(
    bot="ta-bot",
    name="get_config",
    method="GET",
    path="/api/v1/strategies/{strategy_id}/config",
    summary="Config of a strategy",
    parameters=(STRATEGY,),
)
WRITE = BotOperation(
    bot="ta-bot",
    name="update_config",
    method="POST",
    path="/api/v1/strategies/{strategy_id}/config",
    summary="Change a strategy",
    parameters=(STRATEGY,),
    body={
        "type": "object",
        "properties": {
            "parameters": {"type": "object"},
            "changed_by": {"type": "string"},
            "reason": {"type": "string"},
        },
        "required": ["parameters", "changed_by"],
    },
    body_required=True,
    writes=True,
)
CHANGE = {"strategy_id": "doji_reversal", "body": {"parameters": {"x": 1}}}


class FakeBots:
    """One bot, whose calls are kept. `away` makes it unreachable, `stuck` makes it never answer a look."""

    def __init__(self) -> None:
        self.operations_offered = (READ, WRITE)
        self.away = False
        self.stuck = False
        self.reply = BotReply(200, {"success": True, "data": {"x": 1}})
        self.calls: list[tuple[str, Mapping[str, Any], ChangeRequest]] = []
        self._looks: asyncio.Queue[None] = asyncio.Queue()

    async def offers(self) -> tuple[Offer, ...]:
        self._looks.put_nowait(None)
        if self.stuck:
            await asyncio.Event().wait()
        return () if self.away else (await self.operations("ta-bot"),)

    async def looked_at(self) -> None:
        """Wait until what is offered now was taken in: a look was begun, and the one after it."""
        while not self._looks.empty():
            self._looks.get_nowait()
        async with asyncio.timeout(30):
            await self._looks.get()
            await self._looks.get()

    async def operations(self, bot: str) -> Offer:
        if bot != "ta-bot":
            raise NotFoundError(f"no bot is registered as {bot!r}; registered: ta-bot")
        return Offer(BOT, BotApi(self.operations_offered), 0.0, None)

    async def call(self, bot: str, operation: str, arguments: Mapping[str, Any], request: ChangeRequest) -> BotReply:
        if self.away:
            raise BotError(f"bot {bot} does not answer: look whether it runs")
        self.calls.append((operation, arguments, request))
        return self.reply


async def test_operations_of_bots_are_listed_among_the_tools() -> None:
    async with McpWorld().client(fleet=FakeBots()) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    read, write = tools["ta-bot__get_config"], tools["ta-bot__update_config"]
    assert "patch_config" in tools
    assert read.annotations is not None
    assert write.annotations is not None
    assert (read.annotations.read_only_hint, write.annotations.read_only_hint) == (True, False)
    assert {"reason", "thought_trace", "strategy_id"} <= set(write.input_schema["required"])
    assert "thought_trace" not in read.input_schema["properties"]


async def test_reading_a_bot_needs_no_token() -> None:
    bots = FakeBots()
    async with McpWorld().client(fleet=bots) as client:
        answer = content(await client.call_tool("ta-bot__get_config", {"strategy_id": "doji_reversal"}))
    assert answer == {"status": 200, "body": {"success": True, "data": {"x": 1}}}
    ((operation, arguments, _),) = bots.calls
    assert (operation, arguments) == ("get_config", {"strategy_id": "doji_reversal"})


async def test_changing_a_bot_needs_a_token_and_words_and_hands_both_on() -> None:
    world, bots = McpWorld(), FakeBots()
    async with world.client(fleet=bots) as client:
        told = error(await client.call_tool("ta-bot__update_config", {**CHANGE, **WHY}))
        assert told["code"] == "UNAUTHENTICATED"
    async with world.client(await world.agent(), fleet=bots) as client:
        told = error(await client.call_tool("ta-bot__update_config", {**CHANGE, "reason": "a test"}))
        assert [each["field"] for each in told["errors"]] == ["thought_trace"]
        assert bots.calls == []
        content(await client.call_tool("ta-bot__update_config", {**CHANGE, **WHY}))
    ((_, arguments, request),) = bots.calls
    assert arguments == CHANGE
    assert (request.caller.name, request.reason, request.thought_trace) == ("strategist", *WHY.values())
    assert world.write_limit.left == 999


async def test_a_bots_refusal_is_an_error_in_its_own_words() -> None:
    world, bots = McpWorld(), FakeBots()
    bots.reply = BotReply(200, {"success": False, "error": {"code": "OUT_OF_RANGE", "message": "x must be below 1"}})
    async with world.client(await world.agent(), fleet=bots) as client:
        told = error(await client.call_tool("ta-bot__update_config", {**CHANGE, **WHY}))
    assert told["code"] == "REFUSED"
    assert "x must be below 1" in told["message"]


async def test_a_bot_that_goes_away_stays_listed_and_its_calls_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_tools, "REFRESH_SECONDS", 0.0)
    bots = FakeBots()
    async with McpWorld().client(fleet=bots) as client:
        await client.list_tools()
        bots.away = True
        await bots.looked_at()
        names = {tool.name for tool in (await client.list_tools(cache_mode="bypass")).tools}
        assert "ta-bot__get_config" in names
        told = error(await client.call_tool("ta-bot__get_config", {"strategy_id": "x"}))
        assert told["code"] == "BOT_UNAVAILABLE"


async def test_an_operation_that_a_bot_dropped_is_listed_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_tools, "REFRESH_SECONDS", 0.0)
    bots = FakeBots()
    async with McpWorld().client(fleet=bots) as client:
        await client.list_tools()
        bots.operations_offered = (READ,)
        await bots.looked_at()
        names = {tool.name for tool in (await client.list_tools(cache_mode="bypass")).tools}
        assert "ta-bot__update_config" not in names


async def test_bots_that_never_answer_do_not_hold_up_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_tools, "FIRST_LOOK_SECONDS", 0.01)
    bots = FakeBots()
    bots.stuck = True
    async with McpWorld().client(fleet=bots) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
    assert "patch_config" in names
    assert not any("__" in name for name in names)


@pytest.mark.parametrize("name", ["ta-bot__nothing", "no-bot__get_config", "a__b__c"])
async def test_an_operation_that_does_not_exist_is_a_result(name: str) -> None:
    async with McpWorld().client(fleet=FakeBots()) as client:
        assert error(await client.call_tool(name))["code"] == "NOT_FOUND"
