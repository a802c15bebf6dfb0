"""Errors are results that say what to do, and nothing of the inside."""

from typing import Any

import pytest

from cio_strategist import errors
from cio_strategist.gateway.mcp.arguments import check_text, scope_meant
from cio_strategist.gateway.mcp.errors import ArgumentsError, problem_of
from cio_strategist.gateway.mcp.tools import TOOLS
from tests.unit.strategist.gateway.mcp.world import WHY, McpWorld, content, error


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("tool", [name for name in TOOLS if name != "set_primal_limits"])  # refuses whatever it gets
async def test_arguments_that_do_not_fit_are_results_for_every_tool(tool: str, mode: str) -> None:
    world = McpWorld()
    async with world.client(await world.operator(), mode=mode) as client:
        told = error(await client.call_tool(tool, {"nonsense": [1, {"a": None}], "scope": 7}))
    assert told["code"] == "INVALID_ARGUMENTS"
    assert told["what_to_do"]
    assert {"field", "code", "message", "suggested_value"} == set(told["errors"][0])
    assert any(each["field"] == "nonsense" and each["code"] == "UNKNOWN_ARGUMENT" for each in told["errors"])


@pytest.mark.parametrize(
    ("arguments", "field", "suggested"),
    [
        ({"scope": "BTCUSDT", "parameters": {}}, "scope", "symbol:BTCUSDT"),
        ({"scope": "global", "parameters": {}, "leverage": 5}, "leverage", "parameters.leverage"),
        ({"scope": "global", "parameters": '{"leverage": 5}'}, "parameters", {"leverage": 5}),
        ({"scope": "global", "parameters": {}, "expected_version": 1}, "expected_version", "expect_version"),
    ],
)
async def test_usual_mistakes_come_back_with_what_was_meant(
    arguments: dict[str, Any], field: str, suggested: object
) -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        told = error(await client.call_tool("patch_config", {**arguments, **WHY}))
    assert [(each["field"], each["suggested_value"]) for each in told["errors"]] == [(field, suggested)]


@pytest.mark.parametrize("version", [True, "1", -1, 1.5])
async def test_a_version_that_is_no_whole_number_is_refused(version: object) -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        call = {"scope": "global", "expect_version": version, **WHY}
        told = error(await client.call_tool("delete_config", call))
    assert told["errors"][0]["field"] == "expect_version"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("all", "global"),
        ("BTCUSDT", "symbol:BTCUSDT"),
        ("momentum_v1", "strategy:momentum_v1"),
        ("Iceberg Order Detector", "strategy:Iceberg Order Detector"),
        ("Symbol:BTCUSDT", "symbol:BTCUSDT"),
        ("symbol:BTCUSDT:LONG", "symbol_side:BTCUSDT:LONG"),
        ("symbol_side:BTCUSDT:long", "symbol_side:BTCUSDT:LONG"),
        ("BTCUSDT:short", "symbol_side:BTCUSDT:SHORT"),
        ("symbol_side:BTCUSDT", None),
    ],
)
def test_a_scope_that_is_none_is_guessed(text: str, meant: str | None) -> None:
    assert scope_meant(text) == meant


async def test_a_tool_that_does_not_exist_is_a_result_that_names_the_nearest() -> None:
    async with McpWorld().client() as client:
        told = error(await client.call_tool("patch_confg"))
    assert told["code"] == "NOT_FOUND"
    assert "patch_config" in told["message"]


async def test_what_does_not_exist_is_told_and_where_to_look() -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        for tool, arguments in (
            ("get_audit_record", {"audit_id": "nothing"}),
            ("get_proposal", {"proposal_id": "nothing"}),
            ("approve_proposal", {"proposal_id": "nothing", **WHY}),
            ("rollback_to_version", {"scope": "global", "version": 7, **WHY}),
        ):
            told = error(await client.call_tool(tool, arguments))
            assert told["code"] == "NOT_FOUND"
            assert "get_history" in told["what_to_do"]


async def test_a_fault_of_ours_is_a_result_without_its_inside() -> None:
    world = McpWorld()
    token = await world.operator()
    world.store.fail_write = RuntimeError("mongodb://user:secret@host is broken")
    async with world.client(token) as client:
        result = await client.call_tool("patch_config", {"scope": "global", "parameters": {"leverage": 3}, **WHY})
        assert error(result)["code"] == "INTERNAL_ERROR"
        assert "secret" not in str(result)
        content(await client.call_tool("list_configs"))


async def test_a_store_that_goes_away_mid_write_says_how_to_ask_again() -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        world.store.lose_answer = True
        call = {"scope": "global", "parameters": {"leverage": 3}, "idempotency_key": "k", **WHY}
        told = error(await client.call_tool("patch_config", call))
        assert (told["code"], "idempotency_key" in told["what_to_do"]) == ("STORE_UNREACHABLE", True)
        assert content(await client.call_tool("patch_config", call))["replayed"] is True


NO_CALLS = (
    errors.StrategistError,
    errors.RoleFailedError,
    errors.TransportUnavailableError,
    errors.ExchangeUnavailableError,
    errors.EntriesLostError,
)
"""The root, and what befalls the process but never a call of a tool."""


def _raised(kind: type[errors.StrategistError]) -> errors.StrategistError:
    if kind is errors.RejectedError:
        return errors.RejectedError([])
    if kind in {errors.RateLimitedError, errors.BusyError}:
        return kind("wait", retry_after_seconds=1)
    if issubclass(kind, errors.PrimalLimitError):
        return kind([])
    return kind("a sentence")


@pytest.mark.parametrize(
    "kind",
    [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.StrategistError) and value not in NO_CALLS
    ],
)
def test_every_error_of_the_tree_has_a_code_and_says_what_to_do(kind: type[errors.StrategistError]) -> None:
    problem = problem_of(_raised(kind), tool="any")
    assert problem.code != "INTERNAL_ERROR"
    assert problem.what_to_do.endswith(".")


@pytest.mark.parametrize("arguments", [{"scope": "\ud800"}, {"\ud800": 1}, {"parameters": {"\ud800": 1}}])
def test_text_that_is_no_unicode_is_refused_before_anything_looks_at_it(arguments: dict[str, Any]) -> None:
    with pytest.raises(ArgumentsError, match="Unicode"):
        check_text(arguments)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, [[[[]]]], {"a": None}, "5", None, True])
async def test_values_of_any_kind_are_judged_by_the_catalogue(value: object) -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        call = {"scope": "global", "parameters": {"leverage": value}, **WHY}
        told = error(await client.call_tool("patch_config", call))
    assert (told["code"], told["errors"][0]["field"]) == ("VALIDATION_ERROR", "leverage")


async def test_reason_and_thought_trace_without_substance_are_both_named_at_once() -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        told = error(await client.call_tool("delete_config", {"scope": "global", "reason": "x", "thought_trace": "y"}))
    assert [(each["field"], each["code"]) for each in told["errors"]] == [
        ("reason", "NO_SUBSTANCE"),
        ("thought_trace", "NO_SUBSTANCE"),
    ]


async def test_a_halt_of_what_is_no_scope_comes_back_with_the_scope_meant() -> None:
    world = McpWorld()
    async with world.client(await world.operator()) as client:
        told = error(await client.call_tool("set_control", {"scope": "SOLUSDT", "mode": "HALTED", **WHY}))
    assert [(each["field"], each["suggested_value"]) for each in told["errors"]] == [("scope", "symbol:SOLUSDT")]
