"""What a model learns from the lists alone."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cio_strategist.gateway.mcp.tools import TOOLS
from petrosa_contracts import CATALOGUE
from tests.unit.strategist.gateway.mcp.world import McpWorld

READS = {
    "get_schema",
    "get_defaults",
    "list_configs",
    "get_config",
    "get_resolved_config",
    "validate_config",
    "preview_change",
    "get_history",
    "get_limits",
    "get_control",
    "list_proposals",
    "get_proposal",
    "get_audit_record",
    "get_primal_limits",
    "explain_decision",
    "simulate_patch",
}
REFUSES = {"set_primal_limits"}
"""What is only there to be refused."""
WRITES = {
    "set_config",
    "patch_config",
    "unset_parameters",
    "delete_config",
    "rollback_to_version",
    "set_control",
    "lift_control",
    "clear_latch",
    "approve_proposal",
    "reject_proposal",
}


def parameters_of(tool: str) -> dict[str, Any]:
    return TOOLS[tool].listing.input_schema["properties"]["parameters"]


async def test_every_tool_is_listed_with_schemas_title_and_annotations() -> None:
    async with McpWorld().client() as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == READS | WRITES | REFUSES
    for tool in tools.values():
        assert tool.title
        assert tool.description
        assert tool.annotations is not None
        assert tool.input_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"
        Draft202012Validator.check_schema(tool.input_schema)
        Draft202012Validator.check_schema(tool.output_schema)


@pytest.mark.parametrize("name", sorted(READS))
def test_what_reads_says_so_and_asks_for_no_reason(name: str) -> None:
    listing = TOOLS[name].listing
    assert listing.annotations is not None
    assert listing.annotations.read_only_hint is True
    assert listing.annotations.destructive_hint is False
    assert "thought_trace" not in listing.input_schema["properties"]


@pytest.mark.parametrize("name", sorted(WRITES))
def test_what_writes_says_so_and_requires_reason_and_thought_trace(name: str) -> None:
    listing = TOOLS[name].listing
    assert listing.annotations is not None
    assert listing.annotations.read_only_hint is False
    assert {"reason", "thought_trace"} <= set(listing.input_schema["required"])
    assert "idempotency_key" in listing.input_schema["properties"]


@pytest.mark.parametrize("name", ["set_config", "patch_config", "unset_parameters", "rollback_to_version"])
def test_changes_take_an_expected_version_that_nobody_must_give(name: str) -> None:
    schema = TOOLS[name].listing.input_schema
    assert "expect_version" in schema["properties"]
    assert "expect_version" not in schema["required"]


def test_halting_is_not_destructive_and_changing_is() -> None:
    def destructive(name: str) -> bool | None:
        annotations = TOOLS[name].listing.annotations
        return annotations and annotations.destructive_hint

    assert destructive("set_control") is False
    assert destructive("patch_config") is True
    assert destructive("delete_config") is True
    assert destructive("lift_control") is True


def test_the_scope_is_one_text_with_its_four_forms_as_examples() -> None:
    scope = TOOLS["patch_config"].listing.input_schema["properties"]["scope"]
    assert scope["type"] == "string"
    assert scope["examples"] == ["global", "symbol:BTCUSDT", "strategy:momentum_v1", "symbol_side:BTCUSDT:LONG"]


@pytest.mark.parametrize("tool", ["set_config", "patch_config"])
@pytest.mark.parametrize("parameter", CATALOGUE.values(), ids=lambda parameter: parameter.name)
def test_each_parameter_is_explained_in_full_where_it_is_written(tool: str, parameter: Any) -> None:
    schema = parameters_of(tool)["properties"][parameter.name]
    for words in (
        parameter.description,
        parameter.impact,
        parameter.raise_when,
        parameter.lower_when,
        parameter.unit.phrase,
        "Risk: ",
    ):
        assert words in schema["description"]
    assert schema["x-unit"] == parameter.unit
    assert schema["default"] == parameter.plain_default()
    assert schema.get("minimum") == parameter.minimum
    assert schema.get("maximum") == parameter.maximum
    assert set(parameter.allowed_values or ()) <= set(schema.get("enum", ()))


@pytest.mark.parametrize("tool", ["preview_change", "validate_config"])
def test_where_parameters_are_only_tried_they_still_carry_unit_bounds_and_risk(tool: str) -> None:
    schema = parameters_of(tool)
    assert set(schema["properties"]) == set(CATALOGUE)
    assert schema["additionalProperties"] is False
    size = schema["properties"]["position_size_pct"]
    assert (size["minimum"], size["maximum"], size["x-unit"]) == (0.001, 1.0, "fraction")
    assert "Unit: a fraction: 0.1 is 10 %" in size["description"]
    assert "a higher value loosens" in size["description"]


def test_the_direction_of_a_switch_is_told_as_a_switch() -> None:
    assert "true loosens" in parameters_of("patch_config")["properties"]["enable_shorts"]["description"]


async def test_the_server_says_how_to_work_with_it() -> None:
    async with McpWorld().client() as client:
        assert client.instructions is not None
        for word in ("preview_change", "rollback_to_version", "budget", "HALTED"):
            assert word in client.instructions
