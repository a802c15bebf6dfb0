"""Halting and resuming through MCP."""

import pytest

from tests.unit.strategist.gateway.mcp.world import WHY, McpWorld, content, error

HALT = {"scope": "symbol:BTCUSDT", "mode": "HALTED", **WHY}


async def test_an_agent_halts_at_once_and_only_an_operator_with_a_code_lifts_it() -> None:
    world = McpWorld()
    agent, operator = await world.agent(), await world.operator()
    async with world.client(agent) as client:
        halted = content(await client.call_tool("set_control", {**HALT, "duration": "2h"}))
        assert (halted["status"], halted["after"]["mode"]) == ("applied", "HALTED")
        assert halted["after"]["expires_at"] is not None
        lift = {"scope": "symbol:BTCUSDT", "code": world.code(), **WHY}
        assert error(await client.call_tool("lift_control", lift))["code"] == "FORBIDDEN"
    async with world.client(operator) as client:
        without = error(await client.call_tool("lift_control", {"scope": "symbol:BTCUSDT", **WHY}))
        assert (without["code"], without["why"]) == ("SECOND_FACTOR_REQUIRED", "missing")
        assert "authenticator" in without["what_to_do"]
        lifted = content(await client.call_tool("lift_control", {**lift, "code": world.code()}))
        assert (lifted["status"], lifted["after"]) == ("applied", None)
        assert content(await client.call_tool("get_control"))["controls"] == []


async def test_a_code_counts_once() -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        lift = {"scope": "symbol:BTCUSDT", "code": world.code(), **WHY}
        content(await client.call_tool("set_control", HALT))
        content(await client.call_tool("lift_control", lift))
        content(await client.call_tool("set_control", HALT))
        again = error(await client.call_tool("lift_control", lift))
        assert (again["code"], again["why"]) == ("SECOND_FACTOR_REQUIRED", "used")
        world.clock.advance(seconds=60)
        content(await client.call_tool("lift_control", {**lift, "code": world.code()}))


async def test_a_laxer_mode_and_frozen_take_a_code_too() -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        content(await client.call_tool("set_control", HALT))
        laxer = error(await client.call_tool("set_control", {**HALT, "mode": "SAFE"}))
        assert laxer["code"] == "SECOND_FACTOR_REQUIRED"
        frozen = error(await client.call_tool("set_control", {**HALT, "mode": "FROZEN"}))
        assert frozen["code"] == "SECOND_FACTOR_REQUIRED"
        done = content(await client.call_tool("set_control", {**HALT, "mode": "FROZEN", "code": world.code()}))
        assert done["after"]["mode"] == "FROZEN"
        lift = {"scope": "symbol:BTCUSDT", **WHY}
        for laxer in (("lift_control", lift), ("set_control", HALT), ("set_control", {**HALT, "mode": "FROZEN"})):
            assert error(await client.call_tool(*laxer))["code"] == "SECOND_FACTOR_REQUIRED", laxer
        world.clock.advance(seconds=60)
        thawed = content(await client.call_tool("lift_control", {**lift, "code": world.code()}))
        assert [before["mode"] for before in thawed["before"]] == ["FROZEN"]


async def test_what_is_halted_can_be_seen_without_a_token() -> None:
    world = McpWorld()
    async with world.client(await world.agent()) as client:
        await client.call_tool("set_control", HALT)
    async with world.client() as client:
        result = await client.call_tool("get_control")
        (control,) = content(result)["controls"]
        assert (control["scope"], control["in_force"]) == ("symbol:BTCUSDT", True)
        assert result.content[0].text == "symbol:BTCUSDT is HALTED"


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"scope": "symbol_side:BTCUSDT:LONG"}, "enable_longs"),
        ({"scope": "BTCUSDT"}, "is not a scope"),
        ({"mode": "ACTIVE"}, "mode"),
        ({"duration": "soon"}, "is not a duration"),
    ],
)
async def test_a_halt_that_makes_no_sense_is_told_what_would(wrong: dict[str, str], word: str) -> None:
    world = McpWorld()
    async with world.client(await world.agent()) as client:
        told = error(await client.call_tool("set_control", {**HALT, **wrong}))
    assert told["code"] == "INVALID_ARGUMENTS"
    assert word in told["message"]
    assert world.store.writes == []


async def test_the_trail_can_be_asked_for_latches_that_were_cleared() -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        content(await client.call_tool("clear_latch", {"latch": "drawdown", "code": world.code(), **WHY}))
        content(await client.call_tool("set_control", HALT))
        page = content(await client.call_tool("get_history", {"subject": "latch"}))
    assert [record["edit"] for record in page["records"]] == ["clear"]
