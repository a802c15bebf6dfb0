"""What holds for every route: ids, bounds on bodies, problems, metrics, and the OpenAPI document."""

import json
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Request

from cio_strategist.errors import (
    BotError,
    ConflictError,
    NotFoundError,
    RefusedError,
    StoreUnreadableError,
    StrategistError,
    UsageError,
)
from cio_strategist.gateway.answers import PlainJSON
from cio_strategist.gateway.readiness import Readiness
from tests.unit.strategist.gateway.door import ANNA, PROBLEM, WHY, Door, is_problem

SCOPE = "/api/v1/policy/scopes/global"
FLEET_ROUTES = """
GET /trading/schema | GET /trading/defaults | GET /trading | POST /trading | GET /trading/{symbol}
POST /trading/{symbol} | GET /trading/{symbol}/{side} | POST /trading/{symbol}/{side} | POST /validate | POST /rollback
POST /restore | GET /history | GET /health | PUT /config/limits/global | PUT /config/limits/symbol/{symbol}
GET /config/limits | DELETE /config/limits/symbol/{symbol} | GET /filters/global | PUT /filters/global
GET /filters/pair/{symbol} | PUT /filters/pair/{symbol} | GET /filters/pair/{symbol}/side/{side}
PUT /filters/pair/{symbol}/side/{side} | GET /filters/strategy/{strategy_id} | PUT /filters/strategy/{strategy_id}
GET /strategies/{strategy_id} | POST /strategies/{strategy_id} | DELETE /strategies/{strategy_id}
DELETE /trading | DELETE /trading/{symbol} | DELETE /trading/{symbol}/{side}
"""
FLEET_QUERIES = {
    ("post", "/rollback"): {"symbol", "side"},
    ("post", "/restore"): {"symbol", "side"},
    ("get", "/history"): {"symbol", "side", "limit"},
    ("put", "/config/limits/global"): {"max_position_size", "max_accumulations", "accumulation_cooldown_seconds"},
}


async def test_every_route_of_the_fleet_s_config_api_is_there(door: Door) -> None:
    paths = (await door.document())["paths"]
    for route in FLEET_ROUTES.replace("\n", " | ").split("|"):
        if route.strip():
            method, path = route.split()
            assert method.lower() in paths[f"/api/v1/config{path}"], route
    for (method, path), names in FLEET_QUERIES.items():
        parameters = paths[f"/api/v1/config{path}"][method]["parameters"]
        assert names <= {each["name"] for each in parameters if each["in"] == "query"}


async def test_the_document_explains_every_route_and_names_its_refusals(door: Door) -> None:
    found = await door.document()
    schemas = found["components"]["schemas"]
    assert found["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    tags = {tag["name"] for tag in found["tags"]}
    for path, operations in found["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["description"], path
            assert set(operation["tags"]) <= tags, path
            if (
                path.startswith("/api/v1/")
                and not path.startswith("/api/v1/config")
                and "422" in operation["responses"]
            ):
                assert PROBLEM in operation["responses"]["422"]["content"], path
    references = {text.partition('"')[0] for text in json.dumps(found).split("#/components/schemas/")[1:]}
    assert references <= set(schemas)
    assert "examples" in json.dumps(schemas["SetBody"])


async def test_further_routers_are_served_and_known_to_the_metrics() -> None:
    router = APIRouter()

    @router.get("/api/v1/bots/{name}")
    async def bot(name: str, request: Request) -> dict[str, str]:
        return {"name": name, "request_id": request.state.request_id}

    door = Door(router)
    answer = await door.ask("GET", "/api/v1/bots/ta", headers={"X-Request-ID": "abc.1:2-3_4"})
    assert answer.json() == {"name": "ta", "request_id": "abc.1:2-3_4"}
    await door.ask("GET", SCOPE)
    metrics = (await door.ask("GET", "/metrics")).text
    for route in ("/api/v1/bots/{name}", "/api/v1/policy/scopes/{scope:path}"):
        assert f'strategist_http_requests_total{{method="GET",route="{route}",status="200"}} 1.0' in metrics


async def test_a_mounted_application_gets_ids_and_bounds_too() -> None:
    door = Door(max_body_bytes=200)

    async def echo(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        await PlainJSON({"size": len(message["body"])})(scope, receive, send)

    door.app.mount("/mcp", echo)
    assert (await door.ask("POST", "/mcp/any", json={"a": 1})).json() == {"size": 7}
    is_problem(await door.ask("POST", "/mcp/any", content=b"x" * 201), 413, "too-large")
    assert 'route="/mcp",status="200"} 1.0' in (await door.ask("GET", "/metrics")).text


async def test_paths_that_do_not_exist_make_no_metrics_of_their_own(door: Door) -> None:
    for path in ("/a", "/b", "/c"):
        is_problem(await door.ask("GET", path), 404, "not-found")
    is_problem(await door.ask("PUT", "/healthz"), 405, "method-not-allowed")
    metrics = (await door.ask("GET", "/metrics")).text
    assert 'strategist_http_requests_total{method="GET",route="unmatched",status="404"} 3.0' in metrics


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", SCOPE, "DELETE, GET, PATCH, PUT"),
        ("POST", f"{SCOPE}/history", "GET"),
        ("PUT", "/api/v1/control", "GET, POST"),
        ("PATCH", "/api/v1/config/trading/BTCUSDT", "DELETE, GET, POST"),
        ("POST", "/readyz", "GET"),
        ("POST", "/docs", "GET, HEAD"),
    ],
)
async def test_a_method_that_a_path_lacks_is_answered_with_all_that_it_has(
    door: Door, method: str, path: str, allowed: str
) -> None:
    answer = await door.ask(method, path)
    is_problem(answer, 405, "method-not-allowed")
    assert sorted(answer.headers["allow"].split(", ")) == allowed.split(", ")


async def test_liveness_and_readiness(door: Door) -> None:
    assert (await door.ask("GET", "/healthz")).json() == {"status": "alive"}
    ready = await door.ask("GET", "/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "mongodb": True})
    door.readiness = Readiness(ready=False, facts={"mongodb": False, "ready": True})
    ready = await door.ask("GET", "/readyz")
    assert (ready.status_code, ready.json()) == (503, {"ready": False, "mongodb": False})


@pytest.mark.parametrize("sent", ["", "two words", "x" * 129, "-x", "a\xffb", "<script>"])
async def test_a_request_id_that_is_not_sane_is_replaced(door: Door, sent: str) -> None:
    answer = await door.ask("GET", "/healthz", headers=[(b"x-request-id", sent.encode("latin-1"))])
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers.get_list("x-request-id") != [sent]


class _TooSlowError(BotError):
    """A bot that took too long."""

    def __init__(self) -> None:
        super().__init__("the bot took longer than 5 s")
        self.__cause__ = TimeoutError()


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (UsageError("say it otherwise"), 400, "usage"),
        (RefusedError("not from here"), 409, "refused"),
        (NotFoundError("nothing there"), 404, "not-found"),
        (ConflictError("others keep changing it"), 409, "conflict"),
        (ConflictError("it moved on", current_version=3), 412, "conflict"),
        (StoreUnreadableError("it is no policy"), 500, "store-unreadable"),
        (BotError("the bot is away"), 502, "bot"),
        (_TooSlowError(), 504, "bot"),
    ],
)
async def test_every_error_has_its_status(error: StrategistError, status: int, kind: str) -> None:
    router = APIRouter()

    @router.get("/fail")
    async def fail() -> None:
        raise error

    problem = is_problem(await Door(router).ask("GET", "/fail", headers={"If-Match": '"1"'}), status, kind)
    assert problem["detail"] == str(error)


async def test_a_fault_is_told_without_what_is_inside() -> None:
    router = APIRouter()

    @router.get("/fail")
    async def fail() -> None:
        raise RuntimeError("mongodb://user:secret@host")

    door = Door(router)
    problem = is_problem(await door.ask("GET", "/fail"), 500, "internal")
    assert "secret" not in json.dumps(problem)
    metrics = (await door.ask("GET", "/metrics")).text
    assert 'route="/fail",status="500"} 1.0' in metrics


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Basic YW5uYQ==", "anna", "Bearer anna ben", "Bearer \xff", "Bearer " + "x" * 600]
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_malformed_authorization_is_refused_for_reads_too(door: Door, method: str, header: str) -> None:
    headers = [(b"authorization", header.encode("latin-1"))]
    answer = await door.ask(method, SCOPE, json={"parameters": {}, **WHY}, headers=headers)
    is_problem(answer, 401, "unauthenticated")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_two_authorizations_are_refused(door: Door) -> None:
    headers = [("Authorization", "Bearer anna"), ("Authorization", "Bearer ben")]
    is_problem(await door.ask("GET", SCOPE, headers=headers), 401, "unauthenticated")


async def test_an_unknown_token_is_refused_for_reads_too(door: Door) -> None:
    is_problem(await door.ask("GET", SCOPE, headers={"Authorization": "Bearer mallory"}), 401, "unauthenticated")


async def test_the_scheme_is_taken_in_any_case(door: Door) -> None:
    sent = {"parameters": {"leverage": 5}, **WHY}
    answer = await door.ask("PUT", SCOPE, json=sent, headers={"Authorization": "bearer anna"})
    assert answer.json()["status"] == "applied"


async def test_reads_go_on_as_nobody_while_tokens_cannot_be_verified(door: Door) -> None:
    door.tokens.up = False
    assert (await door.ask("GET", SCOPE, headers=ANNA)).status_code == 200
    answer = await door.ask("PUT", SCOPE, json={"parameters": {}, **WHY}, headers=ANNA)
    is_problem(answer, 503, "store-unreachable")
    assert answer.headers["retry-after"] == "5"


async def test_writes_are_limited_and_reads_are_not(door: Door) -> None:
    door.limit.left = 1
    await door.set("global", leverage=5)
    answer = await door.ask("PUT", SCOPE, json={"parameters": {"leverage": 4}, **WHY}, headers=ANNA)
    is_problem(answer, 429, "rate-limited")
    assert answer.headers["retry-after"] == "7"
    preview = {"kind": "patch", "parameters": {"leverage": 5}}
    assert (await door.ask("POST", f"{SCOPE}/preview", json=preview, headers=ANNA)).status_code == 200
    assert door.limit.taken == ["anna"]


async def test_answers_hold_no_number_that_json_cannot() -> None:
    router = APIRouter()

    @router.get("/odd")
    async def odd() -> dict[str, Any]:
        return {"a": float("nan"), "b": [float("inf")], "c": {"d": -float("inf")}, "text": "\ud800"}

    answer = await Door(router).ask("GET", "/odd")
    assert answer.json() == {"a": None, "b": [None], "c": {"d": None}, "text": "\ud800"}


async def test_the_interactive_documentation_is_served(door: Door) -> None:
    answer = await door.ask("GET", "/docs")
    assert answer.status_code == httpx.codes.OK
