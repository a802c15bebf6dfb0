"""Primal limits as a language model meets them."""

import json
from typing import Any

import pytest

from cio_strategist.domain.access.thought import LONGEST_REASON
from cio_strategist.domain.policy.audit import Subject
from tests.primal import SIGNED
from tests.unit.strategist.gateway.mcp.world import WHY, McpWorld, content, error


@pytest.fixture
def world() -> McpWorld:
    return McpWorld(primal=SIGNED)


async def test_the_limits_are_told_by_a_tool_and_a_resource_without_a_token(world: McpWorld) -> None:
    async with world.client() as client:
        told = content(await client.call_tool("get_primal_limits", {}))
        (read,) = (await client.read_resource("cio://primal")).contents
        uris = [resource.uri for resource in (await client.list_resources()).resources]
    assert (told["source"], told["revision"], told["limits"]["leverage"]["value"]) == ("file", 3, 20)
    assert json.loads(read.text) == told
    assert "cio://primal" in uris


@pytest.mark.parametrize("tool", ["patch_config", "set_config"])
async def test_a_change_beyond_them_is_an_error_that_says_what_is_allowed(world: McpWorld, tool: str) -> None:
    async with world.client(await world.agent()) as client:
        call = {"scope": "global", "parameters": {"max_position_size_usd": 6000.0}, **WHY}
        told = error(await client.call_tool(tool, call))
    assert (told["code"], told["errors"][0]["suggested_value"]) == ("PRIMAL_LIMIT", 5000)
    assert "order_notional_usd of revision 3" in told["message"]
    assert "get_primal_limits" in told["what_to_do"]
    (record,) = world.store.trail
    assert (record.id, record.subject, record.caller) == (told["audit_id"], Subject.REFUSAL, "strategist")


async def test_a_preview_and_a_validation_tell_it_beforehand(world: McpWorld) -> None:
    async with world.client() as client:
        asked = {"scope": "global", "change": "patch", "parameters": {"leverage": 21}}
        assert error(await client.call_tool("preview_change", asked))["code"] == "PRIMAL_LIMIT"
        told = content(await client.call_tool("validate_config", {"parameters": {"leverage": 21}}))
    assert (told["valid"], told["errors"][0]["code"]) == (False, "PRIMAL_LIMIT")
    assert world.store.trail == []


async def test_a_call_to_change_them_is_refused_and_recorded(world: McpWorld) -> None:
    async with world.client(await world.operator()) as client:
        asked = {"limits": {"leverage": 125}, "reason": "the desk asked for it"}
        told = error(await client.call_tool("set_primal_limits", asked))
    assert told["code"] == "PRIMAL_LIMIT"
    (record,) = world.store.trail
    assert (record.id, record.scope, record.caller, record.reason) == (
        told["audit_id"],
        "primal",
        "anna",
        "the desk asked for it",
    )


@pytest.mark.parametrize(
    ("asked", "reason", "named"),
    [
        ({}, None, []),
        ({"limits": "leverage to 125"}, None, []),
        ({"limits": {"leverage": [125]}, "reason": 7}, None, ["leverage"]),
        ({"leverage": 125, "why": "more", "reason": "x" * 100_000}, "x" * LONGEST_REASON, ["leverage"]),
    ],
)
async def test_a_call_with_malformed_arguments_is_recorded_as_well(
    world: McpWorld, asked: dict[str, Any], reason: str | None, named: list[str]
) -> None:
    async with world.client(await world.operator()) as client:
        told = error(await client.call_tool("set_primal_limits", asked))
    assert told["code"] == "PRIMAL_LIMIT"
    (record,) = world.store.trail
    assert (record.id, record.caller, record.reason) == (told["audit_id"], "anna", reason)
    assert [each.name for each in record.refused] == named


async def test_such_calls_are_counted_like_writes(world: McpWorld) -> None:
    world.write_limit.left = 0
    async with world.client() as client:
        told = error(await client.call_tool("set_primal_limits", {"limits": {}}))
    assert (told["code"], world.store.trail) == ("RATE_LIMITED", [])


async def test_the_trail_can_be_asked_for_refusals(world: McpWorld) -> None:
    async with world.client(await world.operator()) as client:
        await client.call_tool("set_primal_limits", {"limits": {"leverage": 125}})
        page = content(await client.call_tool("get_history", {"subject": "refusal"}))
    assert [record["scope"] for record in page["records"]] == ["primal"]
