"""Reading the OpenAPI documents of bots, sane and hostile."""

import json
import re

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.domain.access.caller import Permission
from cio_strategist.domain.fleet.bot import Bot
from cio_strategist.domain.fleet.openapi import MOST_OPERATIONS, read_openapi
from cio_strategist.errors import BotError
from tests.bots import realtime_bot, ta_bot

BOT = Bot("ta-bot", "http://bot:80")


def _document(paths, **components):
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": components}}


def _post(schema, path="/api/v1/config/x"):
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {path: {"post": {"operationId": "change", "requestBody": body}}}


@pytest.fixture(scope="module")
def ta():
    bot = ta_bot()
    yield read_openapi(BOT, bot.app.openapi())
    bot.stop()


def test_the_config_routes_of_a_bot_are_read_and_nothing_else(ta):
    assert ta.notes == ()
    assert all(operation.path.startswith(("/api/v1/config", "/api/v1/strategies")) for operation in ta.operations)
    assert {"list_strategies", "update_global_config", "delete_global_config"} <= {one.name for one in ta.operations}


def test_names_are_the_functions_and_not_the_generated_ids(ta):
    assert ta.operation("get_symbol_config").path == "/api/v1/strategies/{strategy_id}/config/{symbol}"


def test_bodies_hold_no_references(ta):
    operation = ta.operation("update_global_config")
    assert "$ref" not in json.dumps(operation.body)
    assert set(operation.body_fields) == {"parameters", "changed_by", "reason", "validate_only"}
    assert operation.body_fields["changed_by"]["maxLength"] == 100


def test_every_tool_schema_is_a_schema_and_every_tool_name_fits(ta):
    for operation in ta.operations:
        jsonschema.Draft202012Validator.check_schema(operation.tool_schema)
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", operation.tool)


def test_validation_writes_nothing_but_needs_a_token(ta):
    validate = ta.operation("validate")
    assert not validate.writes
    assert validate.permission is Permission.WRITE


def test_the_other_bot_is_read_as_well():
    bot = realtime_bot()
    api = read_openapi(Bot("realtime", bot.url), bot.app.openapi())
    bot.stop()
    assert api.operation("delete_symbol_config") is not None
    assert api.notes == ()


@pytest.mark.parametrize(
    "document",
    [None, [], "text", {}, {"openapi": "3.1.0"}, {"swagger": "2.0", "paths": {}}, {"openapi": "3.1.0", "paths": []}],
)
def test_what_is_no_openapi_document_is_said_to_be_none(document):
    with pytest.raises(BotError, match="bot ta-bot does not describe itself"):
        read_openapi(BOT, document)


def test_an_operation_without_an_id_is_named_by_method_and_path():
    paths = {"/api/v1/strategies/{strategy_id}/config": {"get": {}}}
    (operation,) = read_openapi(BOT, _document(paths)).operations
    assert operation.name == "get_strategies_strategy_id_config"
    assert [parameter.name for parameter in operation.parameters] == ["strategy_id"]


def test_operations_that_claim_one_name_all_get_one_of_their_own():
    paths = {"/api/v1/config/a": {"get": {"operationId": "same"}}, "/api/v1/config/b": {"get": {"operationId": "same"}}}
    assert [one.name for one in read_openapi(BOT, _document(paths)).operations] == ["get_config_a", "get_config_b"]


def test_long_names_are_cut_and_stay_apart():
    paths = {f"/api/v1/config/p{n}": {"get": {"operationId": f"{'long' * 30}{n}"}} for n in range(3)}
    api = read_openapi(Bot("b" * 32, "http://bot"), _document(paths))
    assert len({one.tool for one in api.operations}) == 3
    assert all(len(one.tool) == 64 for one in api.operations)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/config/../../admin",
        "/api/v1/configuration",
        "/api/v1/strategies/{a}/{a}",
        "//evil/api/v1/config",
        "/api/v1/config/x?y=1",
        "/api/v1/config/%2e%2e",
        "/api/v1/config//x",
        "/api/v2/config",
        "api/v1/config",
    ],
)
def test_odd_paths_are_no_config_routes(path):
    assert read_openapi(BOT, _document({path: {"get": {"operationId": "x"}}})).operations == ()


def test_a_schema_that_refers_to_itself_costs_only_its_own_operation():
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    paths = _post({"$ref": "#/components/schemas/Node"}) | {"/api/v1/config/y": {"get": {"operationId": "fine"}}}
    api = read_openapi(BOT, _document(paths, Node=node))
    assert [one.name for one in api.operations] == ["fine"]
    assert "refers to itself" in api.notes[0]


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("#/components/schemas/Absent", "leads nowhere"),
        ("https://evil.example/schema.json", "out of the document"),
        (7, "out of the document"),
    ],
)
def test_a_reference_that_cannot_be_followed_costs_its_operation(reference, says):
    api = read_openapi(BOT, _document(_post({"$ref": reference})))
    assert api.operations == ()
    assert says in api.notes[0]


def test_a_schema_that_grows_when_its_references_are_resolved_is_cut_off():
    doubling = {
        f"S{n}": {"properties": {side: {"$ref": f"#/components/schemas/S{n + 1}"} for side in "ab"}} for n in range(20)
    }
    api = read_openapi(BOT, _document(_post({"$ref": "#/components/schemas/S0"}), **doubling, S20={"type": "string"}))
    assert api.operations == ()
    assert "too large" in api.notes[0]


def test_a_deep_schema_is_cut_off():
    schema = {"type": "string"}
    for _ in range(100):
        schema = {"type": "array", "items": schema}
    assert "nested too deeply" in read_openapi(BOT, _document(_post(schema))).notes[0]


def test_keywords_that_would_spoil_the_tool_list_are_left_out():
    schema = {"type": "strange", "minimum": "low", "required": 7, "enum": "x", "pattern": "(", "exclusiveMinimum": True}
    (operation,) = read_openapi(BOT, _document(_post({"type": "object", "properties": {"p": schema}}))).operations
    assert operation.body_fields == {"p": {}}


def test_no_more_operations_are_offered_than_a_caller_can_carry():
    paths = {f"/api/v1/config/p{n}": {"get": {"operationId": f"p{n}"}} for n in range(MOST_OPERATIONS + 5)}
    api = read_openapi(BOT, _document(paths))
    assert len(api.operations) == MOST_OPERATIONS
    assert api.notes == (f"only the first {MOST_OPERATIONS} operations are offered",)


def test_an_operation_that_needs_a_header_is_not_offered():
    header = {"name": "X-Key", "in": "header", "required": True}
    api = read_openapi(BOT, _document({"/api/v1/config/x": {"get": {"operationId": "x", "parameters": [header]}}}))
    assert api.operations == ()
    assert "header" in api.notes[0]


def test_a_body_that_may_be_left_out_is_shown_as_what_it_is():
    form = {"type": "object", "properties": {"changed_by": {"type": "string"}}}
    (operation,) = read_openapi(BOT, _document(_post({"anyOf": [form, {"type": "null"}]}))).operations
    assert set(operation.body_fields) == {"changed_by"}


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["#/paths", "$ref"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["$ref", "get", "post", "schema", "parameters", "requestBody", "content", "properties", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(_json, _json)
def test_no_document_makes_reading_fail_otherwise_than_said(item, schema):
    paths = {"/api/v1/config/x": item, "/api/v1/config/{y}": {"get": schema, "post": {"requestBody": schema}}}
    paths |= _post(schema, "/api/v1/strategies")
    for operation in read_openapi(BOT, _document(paths)).operations:
        jsonschema.Draft202012Validator.check_schema(operation.tool_schema)
