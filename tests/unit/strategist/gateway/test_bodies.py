"""Bodies of requests: their bounds, strict JSON, and how both are documented."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.domain.strict_json import DEEPEST, MOST_DIGITS, read_json
from cio_strategist.errors import (
    UsageError,
)
from cio_strategist.gateway.answers import PlainJSON
from tests.unit.strategist.gateway.door import ANNA, WHY, Door, is_problem

SCOPE = "/api/v1/policy/scopes/global"


async def test_a_body_that_is_too_large_is_refused_announced_or_not() -> None:
    door = Door(max_body_bytes=200)
    large = json.dumps({"parameters": {}, "reason": "x" * 200}).encode()

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 50):
            yield large[start : start + 50]

    for content in (large, in_pieces()):
        answer = await door.ask("PUT", SCOPE, content=content, headers=ANNA)
        problem = is_problem(answer, 413, "too-large")
        assert "200" in problem["detail"]
    for length in ("9" * 5000, "201"):
        answer = await door.ask("PUT", SCOPE, content=b"{}", headers={**ANNA, "Content-Length": length})
        is_problem(answer, 413, "too-large")


async def test_a_body_in_pieces_is_taken(door: Door) -> None:
    content = json.dumps({"parameters": {"leverage": 5}, **WHY}).encode()

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 7):
            yield content[start : start + 7]

    answer = await door.ask("PUT", SCOPE, content=in_pieces(), headers={**ANNA, "Content-Type": "application/json"})
    assert answer.json()["status"] == "applied"


async def test_a_caller_that_goes_away_in_the_middle_of_its_body_wrote_nothing(door: Door) -> None:
    whole = json.dumps({"parameters": {"leverage": 5}, **WHY}).encode()
    messages = [{"type": "http.request", "body": whole, "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", b"Bearer anna"), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": "PUT",
        "path": SCOPE,
        "raw_path": SCOPE.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": headers,
        "http_version": "1.1",
        "server": ("gateway", 80),
        "client": ("127.0.0.1", 1),
    }
    await door.app(scope, receive, send)
    assert (sent, door.authority.store.writes) == ([], [])


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"parameters": {"leverage": NaN}}',
        b'{"parameters": {"leverage": -Infinity}}',
        b'{"parameters": {"leverage": 1e999}}',
        b'{"parameters": {"leverage": 5, "leverage": 50}}',
        b'{"parameters": {}, "parameters": {"leverage": 50}}',
        b'{"parameters": {"leverage": ' + b"9" * 5000 + b"}}",
        b'{"parameters": ' + b"[" * 9000 + b"]" * 9000 + b"}",
        b'{"parameters": ' + b'{"a":' * 100 + b"1" + b"}" * 101,
        b'{"parameters": {"\\ud800": 1}}',
        b'{"parameters": {"a": "\xff"}}',
        b"\xef\xbb\xbf{}",
    ],
)
@pytest.mark.parametrize("path", [SCOPE, "/api/v1/config/filters/global"])
async def test_a_hostile_body_is_refused_before_any_route(door: Door, path: str, body: bytes) -> None:
    answer = await door.ask("PUT", path, content=body, headers={**ANNA, "Content-Type": "application/json"})
    is_problem(answer, 400, "usage")
    assert (door.authority.store.writes, door.limit.taken) == ([], [])


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"text"', b"5", b"{}"])
async def test_a_body_of_the_wrong_shape_is_refused_field_by_field(door: Door, body: bytes) -> None:
    answer = await door.ask("PUT", SCOPE, content=body, headers={**ANNA, "Content-Type": "application/json"})
    assert is_problem(answer, 422, "invalid")["errors"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream"])
@pytest.mark.parametrize("path", [SCOPE, "/api/v1/config/filters/global"])
async def test_only_what_is_announced_as_json_is_a_body(door: Door, path: str, kind: str) -> None:
    content = json.dumps({"parameters": {"leverage": 5}, **WHY}).encode()
    answer = await door.ask("PUT", path, content=content, headers={**ANNA, "Content-Type": kind})
    assert "Content-Type: application/json" in is_problem(answer, 415, "media-type")["detail"]
    assert door.authority.store.writes == []


@pytest.mark.parametrize("kind", ["", " ", ";charset=utf-8", "application/json; charset=utf-8", "application/x+json"])
async def test_a_hostile_body_is_refused_whatever_it_is_announced_as(door: Door, kind: str) -> None:
    body = b'{"parameters": {"leverage": 5}, "parameters": {"leverage": 50}}'
    answer = await door.ask("PUT", SCOPE, content=body, headers={**ANNA, "Content-Type": kind})
    is_problem(answer, 400, "usage")
    assert door.authority.store.writes == []


def test_a_number_without_end_is_refused_in_our_own_words() -> None:
    assert read_json(b"9" * MOST_DIGITS)
    with pytest.raises(UsageError, match="more than 310 digits"):
        read_json(b"9" * (MOST_DIGITS + 1))


async def test_every_body_and_every_place_in_a_path_is_documented_with_an_example(door: Door) -> None:
    found = await door.document()
    schemas = found["components"]["schemas"]

    def is_shown(part: object) -> bool:
        text = json.dumps(part)
        return "example" in text or any(
            "example" in json.dumps(schema) for name, schema in schemas.items() if f'schemas/{name}"' in text
        )

    missing = [
        (method, path, part.get("name", "body"))
        for path, operations in found["paths"].items()
        for method, operation in operations.items()
        for part in (*operation.get("parameters", ()), operation.get("requestBody"))
        if part and part.get("in", "path") == "path" and not is_shown(part) and part.get("name") != "side"
    ]
    assert missing == []


async def test_what_refuses_a_body_before_its_route_is_documented_for_every_route_that_takes_one(door: Door) -> None:
    for operations in (await door.document())["paths"].values():
        for operation in operations.values():
            assert "requestBody" not in operation or {"400", "413", "415"} <= operation["responses"].keys()


async def test_the_errors_of_a_validation_are_documented_in_their_own_form(door: Door) -> None:
    schemas = (await door.document())["components"]["schemas"]
    name = schemas["ValidationResponse"]["properties"]["errors"]["items"]["$ref"].rpartition("/")[2]
    assert set(schemas[name]["properties"]) == {"field", "message", "code", "suggested_value"}
    assert set(schemas["ValidationError"]["required"]) == {"loc", "msg", "type"}


def test_nesting_is_taken_up_to_its_limit() -> None:
    assert read_json(b"[" * DEEPEST + b"]" * DEEPEST)
    with pytest.raises(UsageError, match="nested"):
        read_json(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        content = read_json(body)
    except UsageError:
        return
    assert json.loads(PlainJSON(content).body) == content


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=10,
    )
)
def test_what_json_can_hold_comes_in_unchanged(content: object) -> None:
    text = json.dumps(content)
    assert read_json(text.encode()) == json.loads(text)
