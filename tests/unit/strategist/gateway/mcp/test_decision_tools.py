"""Recorded decisions over MCP."""

from typing import Any

import pytest

from tests.builders import NOW
from tests.records import recorded, small_orders
from tests.unit.strategist.gateway.mcp.world import McpWorld, content, error

VETOED = "a" * 32


@pytest.fixture
def world() -> McpWorld:
    world = McpWorld()
    world.archive.records = [recorded(small_orders(), decision_id=VETOED), recorded(strategy_id="breakout")]
    return world


async def test_a_veto_is_explained(world: McpWorld) -> None:
    async with world.client() as client:
        result = await client.call_tool("explain_decision", {"decision_id": VETOED})
    found = content(result)
    assert found["policy_that_passes"]["parameters"] == {"max_position_size_usd": 500.0}
    assert found["breaches"][0]["origin"]["parameter"] == "max_position_size_usd"
    assert result.content[0].text == found["summary"]


async def test_a_decision_that_is_not_on_record_is_not_found(world: McpWorld) -> None:
    async with world.client() as client:
        assert error(await client.call_tool("explain_decision", {"decision_id": "f" * 32}))["code"] == "NOT_FOUND"


async def test_a_patch_is_simulated(world: McpWorld) -> None:
    patch = {"global": {"max_position_size_usd": 1000}, "strategy:breakout": {"enabled": False}}
    async with world.client() as client:
        found = content(await client.call_tool("simulate_patch", {"patch": patch}))
        of_one = content(await client.call_tool("simulate_patch", {"patch": patch, "strategy_id": "breakout"}))
    assert (found["gained"]["by_code"], found["lost"]["by_strategy"]) == ({"ORDER_NOTIONAL_MAX": 1}, {"breakout": 1})
    assert (of_one["examined"], of_one["lost"]["count"]) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"patch": {}}, "INVALID_ARGUMENTS"),
        ({"patch": "{}"}, "INVALID_ARGUMENTS"),
        ({"patch": {"moon": {}}}, "INVALID_ARGUMENTS"),
        ({"patch": {"global": {"leverage": 500}}}, "VALIDATION_ERROR"),
        ({"patch": {"global": {}}, "limit": 10_001}, "INVALID_ARGUMENTS"),
    ],
)
async def test_what_cannot_be_tried_is_refused(world: McpWorld, arguments: dict[str, Any], code: str) -> None:
    async with world.client() as client:
        assert error(await client.call_tool("simulate_patch", arguments))["code"] == code


async def test_a_preview_tells_what_the_last_hour_would_have_been_if_asked(world: McpWorld) -> None:
    world.clock.advance(seconds=(NOW - world.clock.now()).total_seconds())
    arguments = {"scope": "global", "change": "patch", "parameters": {"max_position_size_usd": 1000}}
    async with world.client() as client:
        plain = await client.call_tool("preview_change", arguments)
        tried = await client.call_tool("preview_change", {**arguments, "simulate": True})
    assert content(plain)["simulation"] is None
    assert content(tried)["simulation"]["gained"]["count"] == 1
    assert "; in the last hour: decisions tried 2, approvals lost 0 and gained 1" in tried.content[0].text
