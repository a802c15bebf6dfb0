"""Changing policy through MCP: preview, write, refusal, proposal, rollback."""

import json

import pytest

from petrosa_contracts import CATALOGUE
from tests.unit.strategist.gateway.mcp.world import WHY, McpWorld, content, error

GLOBAL = "global"
BTC = "symbol:BTCUSDT"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_model_looks_previews_patches_looks_again_and_rolls_back(mode: str) -> None:
    world = McpWorld()
    async with world.client(await world.agent(), mode=mode) as client:
        before = content(await client.call_tool("get_config", {"scope": BTC}))
        assert (before["version"], before["exists"]) == (0, False)
        values = {"max_position_size_usd": 200.0, "leverage": 2}
        preview = content(
            await client.call_tool("preview_change", {"scope": BTC, "change": "patch", "parameters": values})
        )
        assert (preview["would"], preview["direction"]) == ("apply", "tightens")
        done = content(
            await client.call_tool(
                "patch_config", {"scope": BTC, "parameters": values, "expect_version": preview["version"], **WHY}
            )
        )
        assert (done["status"], done["version"], done["enforcement"]["enforced"]) == ("applied", 1, True)
        resolved = content(await client.call_tool("get_resolved_config", {"symbol": "btcusdt"}))
        assert resolved["parameters"]["leverage"] == {"value": 2, "scope": BTC, "version": 1, "unit": "x"}
        undone = content(await client.call_tool("rollback_to_version", {"scope": BTC, "version": 0, **WHY}))
        assert undone["status"] == "pending"  # back to the defaults loosens, which is an operator's to decide


async def test_every_change_reaches_the_trail_with_reason_and_thought_trace() -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        await client.call_tool("set_config", {"scope": GLOBAL, "parameters": {"leverage": 8}, **WHY})
        await client.call_tool("patch_config", {"scope": GLOBAL, "parameters": {"max_concurrent_positions": 8}, **WHY})
        await client.call_tool("unset_parameters", {"scope": GLOBAL, "names": ["leverage"], **WHY})
        await client.call_tool("delete_config", {"scope": GLOBAL, **WHY})
        await client.call_tool("rollback_to_version", {"scope": GLOBAL, "previous": True, **WHY})
        page = content(await client.call_tool("get_history", {"scope": GLOBAL, "limit": 3}))
        assert [record["edit"] for record in page["records"]] == ["rollback", "delete", "unset"]
        rest = {"scope": GLOBAL, "cursor": page["next"]}
        older = content(await client.call_tool("get_history", rest))
        assert [record["edit"] for record in older["records"]] == ["patch", "set"]
        assert older["next"] is None
        for record in (*page["records"], *older["records"]):
            assert record["caller"] == "anna"
            assert record["thought_trace"] == WHY["thought_trace"]
        one = content(await client.call_tool("get_audit_record", {"audit_id": page["records"][0]["id"]}))
        assert one == page["records"][0]
        assert one["after"] == {"max_concurrent_positions": 8}


async def test_a_percent_where_a_fraction_is_meant_comes_back_with_what_was_meant() -> None:
    world = McpWorld()
    async with world.client(await world.agent()) as client:
        result = await client.call_tool(
            "patch_config", {"scope": GLOBAL, "parameters": {"position_size_pct": 2.0, "leverag": 5}, **WHY}
        )
        told = error(result)
        assert told["code"] == "VALIDATION_ERROR"
        size, unknown = told["errors"]
        assert (size["field"], size["code"], size["suggested_value"]) == ("position_size_pct", "OUT_OF_RANGE", 0.02)
        assert "looks like a percent" in size["message"]
        assert (unknown["code"], unknown["suggested_value"]) == ("UNKNOWN_PARAMETER", "leverage")
        assert "suggested" in told["what_to_do"]
        assert "looks like a percent" in result.content[0].text
        assert "0.02" in result.content[0].text
        assert world.store.trail == []


async def test_validating_wrong_values_is_an_answer_and_no_error() -> None:
    async with McpWorld().client() as client:
        wrong = content(await client.call_tool("validate_config", {"parameters": {"position_size_pct": 2.0}}))
        assert wrong["valid"] is False
        assert wrong["errors"][0]["suggested_value"] == 0.02
        right = content(await client.call_tool("validate_config", {"parameters": {"position_size_pct": 0.02}}))
        assert right == {"valid": True, "errors": [], "message": "every value is allowed"}


async def test_a_stale_version_is_a_conflict_that_names_the_current_one() -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        content(await client.call_tool("patch_config", {"scope": BTC, "parameters": {"leverage": 4}, **WHY}))
        stale = {"scope": BTC, "parameters": {"leverage": 3}, "expect_version": 0, **WHY}
        told = error(await client.call_tool("patch_config", stale))
        assert (told["code"], told["current_version"]) == ("CONFLICT", 1)
        assert "expect_version" in told["what_to_do"]
        fresh = {**stale, "expect_version": told["current_version"]}
        assert content(await client.call_tool("patch_config", fresh))["version"] == 2


async def test_the_same_idempotency_key_again_is_done_once() -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        call = {"scope": BTC, "parameters": {"leverage": 4}, "idempotency_key": "a-1", **WHY}
        first = content(await client.call_tool("patch_config", call))
        again = content(await client.call_tool("patch_config", call))
        assert (first["replayed"], again["replayed"]) == (False, True)
        assert again["version"] == first["version"]
        assert len(world.store.trail) == 1
        other = error(await client.call_tool("patch_config", {**call, "parameters": {"leverage": 3}}))
        assert other["code"] == "REFUSED"


async def test_loosening_beyond_the_budget_waits_until_an_operator_approves_it() -> None:
    world = McpWorld()
    agent, operator = await world.agent(), await world.operator()
    loose = {"scope": GLOBAL, "parameters": {"leverage": 20}, **WHY}
    async with world.client(agent) as client:
        preview = {"scope": GLOBAL, "change": "patch", "parameters": {"leverage": 20}}
        assert content(await client.call_tool("preview_change", preview))["would"] == "need_approval"
        result = await client.call_tool("patch_config", loose)
        pending = content(result)
        assert (pending["status"], pending["version"]) == ("pending", 0)
        assert "Do not ask again" in result.content[0].text
        proposal_id = pending["proposal_id"]
        told = error(await client.call_tool("approve_proposal", {"proposal_id": proposal_id, **WHY}))
        assert told["code"] == "FORBIDDEN"
    async with world.client(operator) as client:
        listed = content(await client.call_tool("list_proposals", {"status": "pending"}))
        assert [each["id"] for each in listed["proposals"]] == [proposal_id]
        approved = content(await client.call_tool("approve_proposal", {"proposal_id": proposal_id, **WHY}))
        assert (approved["status"], approved["parameters"]) == ("applied", {"leverage": 20})
        decided = content(await client.call_tool("get_proposal", {"proposal_id": proposal_id}))
        assert (decided["status"], decided["decided_by"]) == ("approved", "anna")
        again = error(await client.call_tool("approve_proposal", {"proposal_id": proposal_id, **WHY}))
        assert again["code"] == "CONFLICT"


async def test_a_rejected_proposal_changes_nothing() -> None:
    world = McpWorld()
    async with world.client(await world.agent()) as client:
        loose = {"scope": GLOBAL, "parameters": {"leverage": 20}, **WHY}
        proposal_id = content(await client.call_tool("patch_config", loose))["proposal_id"]
    async with world.client(await world.operator()) as client:
        rejected = content(await client.call_tool("reject_proposal", {"proposal_id": proposal_id, **WHY}))
        assert rejected["status"] == "rejected"
        assert content(await client.call_tool("list_configs"))["configs"] == []


async def test_a_rollback_goes_to_a_version_a_record_or_the_previous_state() -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        audit_ids = []
        for leverage in (3, 4, 5):
            call = {"scope": "symbol:btcusdt", "parameters": {"leverage": leverage}, **WHY}
            audit_ids.append(content(await client.call_tool("patch_config", call))["audit_id"])
        targets = [({"version": 1}, 3), ({"audit_id": audit_ids[1]}, 4), ({"previous": True}, 3)]
        for target, leverage in targets:
            preview = {"scope": "symbol:btcusdt", "change": "rollback", **target}
            assert content(await client.call_tool("preview_change", preview))["edit"] == "rollback"
            call = {"scope": "symbol:btcusdt", **target, **WHY}
            done = content(await client.call_tool("rollback_to_version", call))
            assert done["parameters"] == {"leverage": leverage}
        gone = content(await client.call_tool("rollback_to_version", {"scope": BTC, "version": 0, **WHY}))
        assert gone["parameters"] is None


@pytest.mark.parametrize("target", [{}, {"version": 1, "previous": True}, {"previous": False}])
async def test_a_rollback_without_exactly_one_target_is_refused(target: dict[str, object]) -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        told = error(await client.call_tool("rollback_to_version", {"scope": BTC, **target, **WHY}))
        assert (told["code"], told["errors"][0]["code"]) == ("INVALID_ARGUMENTS", "ONE_OF")
        preview = {"scope": BTC, "change": "rollback", **target}
        assert error(await client.call_tool("preview_change", preview))["errors"][0]["code"] == "ONE_OF"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"change": "patch"}, "parameters"),
        ({"change": "unset"}, "names"),
        ({"change": "delete", "parameters": {}}, "parameters"),
        ({"change": "patch", "parameters": {}, "version": 0}, "version"),
        ({"change": "rollback", "previous": True, "names": ["leverage"]}, "names"),
    ],
)
async def test_a_preview_with_arguments_of_another_change_is_refused(change: dict[str, object], field: str) -> None:
    async with McpWorld().client() as client:
        told = error(await client.call_tool("preview_change", {"scope": BTC, **change}))
        assert told["code"] == "INVALID_ARGUMENTS"
        assert told["errors"][0]["field"] == field


@pytest.mark.parametrize("change", ["set", "delete", "unset"])
async def test_other_edits_can_be_previewed_too(change: str) -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        await client.call_tool("set_config", {"scope": BTC, "parameters": {"leverage": 3}, **WHY})
        what = {"set": {"parameters": {"leverage": 2}}, "unset": {"names": ["leverage"]}}.get(change, {})
        preview = content(await client.call_tool("preview_change", {"scope": BTC, "change": change, **what}))
        assert preview["edit"] == change
        assert [each["name"] for each in preview["changes"]] == ["leverage"]


async def test_limits_are_what_bounds_risk_as_an_order_meets_it() -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        await client.call_tool("set_config", {"scope": BTC, "parameters": {"max_position_size_usd": 50}, **WHY})
        everywhere = content(await client.call_tool("get_limits"))["parameters"]
        btc = content(await client.call_tool("get_limits", {"symbol": "BTCUSDT"}))["parameters"]
        assert everywhere["max_position_size_usd"]["scope"] == "defaults"
        assert btc["max_position_size_usd"] == {"value": 50, "scope": BTC, "version": 1, "unit": "USD"}
        assert {name for name, parameter in CATALOGUE.items() if parameter.risk != "neutral"} == set(btc)


async def test_the_text_of_an_answer_holds_the_gist_and_all_of_the_content() -> None:
    async with McpWorld().client() as client:
        result = await client.call_tool("get_schema", {"names": ["leverage"]})
        gist, everything = (block.text for block in result.content)
        assert gist == "1 of 37 parameters explained"
        assert json.loads(everything) == result.structured_content


async def test_the_catalogue_and_the_defaults_can_be_asked_for() -> None:
    async with McpWorld().client() as client:
        everything = content(await client.call_tool("get_schema"))["parameters"]
        defaults = content(await client.call_tool("get_defaults"))["parameters"]
        assert {name: facts["default"] for name, facts in everything.items()} == defaults
        told = error(await client.call_tool("get_schema", {"names": ["leverag"]}))
        assert told["errors"][0]["suggested_value"] == "leverage"
