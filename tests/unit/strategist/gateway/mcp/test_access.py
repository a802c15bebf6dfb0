"""Who may call what, and what of a caller's words is asked for."""

from datetime import timedelta
from typing import Any

import pytest

from cio_strategist.domain.access.caller import CallerClass, Permission
from cio_strategist.gateway.mcp.tools import TOOLS
from tests.unit.strategist.gateway.mcp.world import WHY, McpWorld, content, error

CALLS: dict[str, dict[str, Any]] = {
    "set_config": {"scope": "global", "parameters": {"leverage": 3}},
    "patch_config": {"scope": "global", "parameters": {"leverage": 3}},
    "unset_parameters": {"scope": "global", "names": ["leverage"]},
    "delete_config": {"scope": "global"},
    "rollback_to_version": {"scope": "global", "previous": True},
    "set_control": {"scope": "global", "mode": "HALTED"},
    "lift_control": {"scope": "global", "code": "123456"},
    "clear_latch": {"latch": "drawdown", "code": "123456"},
    "approve_proposal": {"proposal_id": "id-1"},
    "reject_proposal": {"proposal_id": "id-1"},
}


def test_every_tool_that_writes_is_tried_here() -> None:
    assert set(CALLS) == {name for name, tool in TOOLS.items() if tool.needs is not Permission.READ}


@pytest.mark.parametrize("tool", CALLS)
async def test_without_a_token_nothing_is_written(tool: str) -> None:
    world = McpWorld()
    async with world.client() as client:
        told = error(await client.call_tool(tool, {**CALLS[tool], **WHY}))
    assert told["code"] == "UNAUTHENTICATED"
    assert "token" in told["what_to_do"]
    assert world.store.writes == []


@pytest.mark.parametrize("tool", CALLS)
async def test_a_token_that_only_reads_writes_nothing(tool: str) -> None:
    world = McpWorld()
    _, token = await world.tokens.create("reader", CallerClass.OPERATOR, [Permission.READ])
    async with world.client(token) as client:
        told = error(await client.call_tool(tool, {**CALLS[tool], **WHY}))
    assert told["code"] == "FORBIDDEN"
    assert world.store.writes == []


@pytest.mark.parametrize("tool", CALLS)
@pytest.mark.parametrize("missing", ["reason", "thought_trace"])
async def test_operators_too_must_say_why(tool: str, missing: str) -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        words = {name: text for name, text in WHY.items() if name != missing}
        told = error(await client.call_tool(tool, {**CALLS[tool], **words}))
    assert told["code"] == "INVALID_ARGUMENTS"
    assert [(each["field"], each["code"]) for each in told["errors"]] == [(missing, "MISSING")]
    assert world.store.writes == []


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"thought_trace": "because"}, "thought_trace"),
        ({"thought_trace": "so " * 60}, "thought_trace"),
        ({"reason": " "}, "reason"),
    ],
)
async def test_words_without_substance_are_refused(words: dict[str, str], field: str) -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        told = error(await client.call_tool("delete_config", {"scope": "global", **WHY, **words}))
    assert (told["errors"][0]["field"], told["errors"][0]["code"]) == (field, "NO_SUBSTANCE")


async def test_a_token_is_verified_anew_for_every_call() -> None:
    world = McpWorld()
    stored, token = await world.tokens.create("anna", CallerClass.OPERATOR, Permission, lasting=timedelta(hours=1))
    call = {"scope": "global", "parameters": {"leverage": 3}, **WHY}
    async with world.client(token) as client:
        content(await client.call_tool("patch_config", call))
        world.clock.advance(hours=1)
        expired = error(await client.call_tool("patch_config", call))
        assert (expired["code"], "expired" in expired["message"]) == ("UNAUTHENTICATED", True)
        await world.tokens.revoke(stored.id)
        assert "revoked" in error(await client.call_tool("get_config", {"scope": "global"}))["message"]


async def test_a_token_that_is_none_of_ours_is_refused_even_for_reading() -> None:
    async with McpWorld().client("let-me-in") as client:
        assert error(await client.call_tool("list_configs"))["code"] == "UNAUTHENTICATED"


async def test_while_tokens_cannot_be_verified_reads_go_on_and_writes_are_refused() -> None:
    world = McpWorld()
    token = await world.operator()
    world.store.up = False
    async with world.client(token) as client:
        assert content(await client.call_tool("get_config", {"scope": "global"}))["source"]["name"] == "redis"
        told = error(await client.call_tool("patch_config", {**CALLS["patch_config"], **WHY}))
        assert (told["code"], "cannot be verified" in told["message"]) == ("STORE_UNREACHABLE", True)
        history = error(await client.call_tool("get_history"))
        assert history["code"] == "STORE_UNREACHABLE"


async def test_writes_are_limited_in_rate_and_halting_is_not() -> None:
    world = McpWorld()
    world.write_limit.left = 1
    async with world.client(await world.operator()) as client:
        content(await client.call_tool("patch_config", {**CALLS["patch_config"], **WHY}))
        told = error(await client.call_tool("delete_config", {"scope": "global", **WHY}))
        assert (told["code"], told["retry_after_seconds"]) == ("RATE_LIMITED", 30)
        assert content(await client.call_tool("set_control", {**CALLS["set_control"], **WHY}))["status"] == "applied"


async def test_who_may_not_write_does_not_use_up_the_rate() -> None:
    world = McpWorld()
    async with world.client() as client:
        await client.call_tool("patch_config", {**CALLS["patch_config"], **WHY})
    assert world.write_limit.left == 1000
