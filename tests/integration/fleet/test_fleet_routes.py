"""The bots' config routes through the gateway: the bots' own paths, bodies and replies, and nothing besides."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI, Request

from cio_strategist.domain.access.caller import ANONYMOUS, Caller, CallerClass, Permission, operator_at_the_console
from cio_strategist.domain.fleet.bot import Bot
from cio_strategist.errors import RateLimitedError, StrategistError
from cio_strategist.gateway.problems import strategist_problem
from cio_strategist.gateway.routes.fleet import fleet_router
from cio_strategist.service.fleet.fleet import Fleet
from cio_strategist.service.fleet.last_good import FRESH_SECONDS, PAUSE_SECONDS
from tests.fakes import FakeClock

pytestmark = pytest.mark.servers

CALLERS = {
    "operator": operator_at_the_console("anna"),
    "agent": Caller("llm", CallerClass.AGENT, frozenset({Permission.READ, Permission.WRITE}), "t"),
    "reader": Caller("eve", CallerClass.OPERATOR, frozenset({Permission.READ}), "t"),
}
CONFIG = "/api/v1/strategies/doji_reversal/config"
CHANGE = {"parameters": {"window": 10}, "changed_by": "client_v1", "reason": "calmer"}
THOUGHT = "Volatility doubled within the hour, so a wider threshold keeps this strategy out of the noise for now."


@dataclass
class Asker:
    caller: Caller
    limited: bool

    async def writer(self) -> Caller:
        if self.limited:
            raise RateLimitedError("too many writes", retry_after_seconds=7)
        return self.caller


async def asker_of(request: Request) -> Asker:
    return Asker(CALLERS.get(request.headers.get("X-Test-Caller", ""), ANONYMOUS), "X-Test-Limited" in request.headers)


@pytest.fixture
def clock():
    return FakeClock(datetime(2026, 1, 5, 12, tzinfo=UTC))


@pytest.fixture
def app(ta, realtime, http_bots, clock) -> FastAPI:
    fleet = Fleet([Bot("ta-bot", ta.url), Bot("realtime", realtime.url)], http_bots, clock=clock)
    app = FastAPI()
    app.include_router(fleet_router(fleet, asker_of))
    app.add_exception_handler(StrategistError, strategist_problem)
    return app


@pytest.fixture
async def gateway(app) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://gateway", headers={"X-Test-Caller": "operator"}
    ) as client:
        yield client


async def test_the_fleet_is_shown_with_what_it_offers(gateway):
    bots = (await gateway.get("/api/v1/fleet")).json()["bots"]
    assert [(bot["name"], bot["reachable"]) for bot in bots] == [("ta-bot", True), ("realtime", True)]
    offer = (await gateway.get("/api/v1/fleet/realtime")).json()
    shown = next(one for one in offer["operations"] if one["name"] == "delete_symbol_config")
    assert shown["tool"] == "realtime__delete_symbol_config"
    assert shown["input_schema"]["required"] == ["strategy_id", "symbol"]


@pytest.mark.parametrize("path", [CONFIG, f"/api/v1/fleet/ta-bot{CONFIG}", "/api/v1/fleet/ta-bot" + CONFIG[7:]])
async def test_a_client_of_a_bot_only_changes_the_host(gateway, ta, path):
    written = await gateway.post(path, json=CHANGE)
    assert written.status_code == 200
    assert written.headers["X-Petrosa-Bot"] == "ta-bot"
    assert written.headers["X-Petrosa-Bot-Outcome"] == "accepted"
    async with httpx.AsyncClient() as direct:
        assert (await gateway.get(path)).json() == (await direct.get(f"{ta.url}{CONFIG}")).json()
    assert ta.state.configs == {("doji_reversal", None): {"window": 10}}


async def test_a_strategy_leads_to_its_own_bot(gateway, ta, realtime):
    reply = await gateway.get("/api/v1/strategies/iceberg_detector/config/BTCUSDT")
    assert reply.headers["X-Petrosa-Bot"] == "realtime"
    assert realtime.state.received[-1].target == "/api/v1/strategies/iceberg_detector/config/BTCUSDT"


async def test_all_strategies_are_listed_with_their_bots(gateway):
    listed = (await gateway.get("/api/v1/strategies")).json()
    assert {item["bot"] for item in listed["data"]} == {"ta-bot", "realtime"}
    assert listed["success"] is True
    assert listed["metadata"]["total_count"] == 5


async def test_a_refusal_keeps_the_bots_envelope_and_is_marked(gateway, realtime):
    reply = await gateway.post(
        "/api/v1/strategies/iceberg_detector/config", json=CHANGE | {"parameters": {"enabled": False}}
    )
    assert reply.status_code == 200
    assert reply.json()["success"] is False
    assert reply.headers["X-Petrosa-Bot-Outcome"] == "refused"
    assert realtime.state.configs == {}


async def test_statuses_and_pauses_of_a_bot_are_kept(gateway, ta):
    assert (await gateway.post(CONFIG, json={"changed_by": "x"})).status_code == 422
    assert (await gateway.get(f"/api/v1/fleet/ta-bot{CONFIG[:-7]}/audit?limit=0")).status_code == 422
    moved = await gateway.post("/api/v1/strategies/doji_reversal/lifecycle/transition", json={"to_state": "live"})
    assert (moved.status_code, moved.json()["data"]["by"]) == (201, "anna")
    ta.state.quota_used_up = True
    limited = await gateway.post(CONFIG, json=CHANGE)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "300")


async def test_queries_reach_the_bot_and_unknown_ones_do_not(gateway, ta):
    await gateway.get("/api/v1/strategies/doji_reversal/audit?limit=5&symbol=A%26B&x=1")
    assert ta.state.received[-1].target == "/api/v1/strategies/doji_reversal/audit?symbol=A%26B&limit=5"


async def test_a_delete_is_signed_when_the_client_does_not(gateway, ta):
    await gateway.delete(CONFIG, params={"reason": "no longer needed"})
    assert ta.state.received[-1].target == f"{CONFIG}?changed_by=anna&reason=no+longer+needed"


async def test_an_agent_says_why_in_the_body_or_the_query(gateway, ta):
    agent = {"X-Test-Caller": "agent"}
    assert (await gateway.post(CONFIG, json=CHANGE, headers=agent)).status_code == 400
    assert ta.state.writes() == []
    told = await gateway.post(CONFIG, json=CHANGE | {"thought_trace": THOUGHT}, headers=agent)
    assert told.json()["success"] is True
    assert b"thought_trace" not in ta.state.writes()[-1].body
    deleted = await gateway.delete(CONFIG, params={"reason": "calm", "thought_trace": THOUGHT}, headers=agent)
    assert deleted.json()["success"] is True
    assert "thought" not in ta.state.writes()[-1].target


@pytest.mark.parametrize(("caller", "status"), [("", 401), ("reader", 403)])
async def test_nobody_writes_without_being_allowed_to(gateway, ta, caller, status):
    headers = {"X-Test-Caller": caller}
    assert (await gateway.get(CONFIG, headers=headers)).status_code == 200
    for method, path in (
        ("POST", CONFIG),
        ("DELETE", CONFIG),
        ("POST", f"/api/v1/fleet/ta-bot{CONFIG}"),
        ("POST", "/api/v1/fleet/ta-bot/config/validate"),
        ("POST", "/api/v1/fleet/ta-bot/strategies/cache/refresh"),
    ):
        assert (await gateway.request(method, path, headers=headers)).status_code == status
    assert ta.state.writes() == []


async def test_too_many_writes_are_refused_here(gateway, ta):
    reply = await gateway.post(CONFIG, json=CHANGE, headers={"X-Test-Limited": "1"})
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "7")
    assert ta.state.writes() == []


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/fleet/ta-bot/health",
        "/api/v1/fleet/ta-bot/api/v1/backtest",
        "/api/v1/fleet/ta-bot/openapi.json",
        "/api/v1/fleet/ta-bot/strategies/..%2f..%2fhealth",
        "/api/v1/fleet/ta-bot/strategies/%2e%2e/config",
        "/api/v1/fleet/ta-bot/strategies/..%2fx/config",
        "/api/v1/fleet/ta-bot/strategies/x%252f..%252fy/config",
        "/api/v1/fleet/ta-bot/strategies/x%3fy/config",
        "/api/v1/fleet/ta-bot/%2f%2fevil.example/config",
        "/api/v1/fleet/ta-bot/http:%2f%2fevil.example/config",
        "/api/v1/fleet/ta-bot/",
        "/api/v1/strategies/doji_reversal/..%2f..%2f..%2fhealth",
        "/api/v1/strategies/doji_reversal/config/%2e%2e",
        "/api/v1/strategies/..%2f/config",
    ],
)
async def test_only_config_routes_of_a_bot_can_be_reached(gateway, ta, realtime, path):
    for method in ("GET", "POST"):
        assert (await gateway.request(method, path)).status_code in {400, 404}
    reached = {request.target for bot in (ta, realtime) for request in bot.state.received}
    assert reached <= {"/openapi.json", "/api/v1/strategies"}


async def test_what_does_not_exist_is_answered_with_what_does(gateway):
    wrong_method = await gateway.put(f"/api/v1/fleet/ta-bot{CONFIG}")
    assert wrong_method.status_code == 404
    assert f"POST {CONFIG.replace('doji_reversal', '{strategy_id}')}" in wrong_method.json()["detail"]
    assert "registered: ta-bot, realtime" in (await gateway.get("/api/v1/fleet/nobody")).json()["detail"]
    assert "do you mean doji_reversal" in (await gateway.get("/api/v1/strategies/doji/config")).json()["detail"]
    assert "/api/v1/fleet/" in (await gateway.post("/api/v1/strategies/cache/refresh")).json()["detail"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"parameters": {"window": NaN}}', b"[" * 100_000])
async def test_a_body_that_is_no_json_does_not_reach_a_bot(gateway, ta, body):
    assert (await gateway.post(CONFIG, content=body)).status_code == 400
    assert ta.state.writes() == []


async def test_a_body_that_is_too_large_does_not_reach_a_bot(gateway, ta):
    reply = await gateway.post(CONFIG, json=CHANGE | {"parameters": {"x": "y" * 300_000}})
    assert reply.status_code == 400
    assert ta.state.writes() == []


@pytest.mark.parametrize("header", ["If-Match", "Idempotency-Key"])
async def test_a_condition_that_bots_do_not_know_is_refused(gateway, ta, header):
    assert (await gateway.post(CONFIG, json=CHANGE, headers={header: '"3"'})).status_code == 409
    assert ta.state.writes() == []


async def test_a_bot_that_goes_away_is_told_and_found_again(gateway, ta, clock):
    assert (await gateway.get(CONFIG)).status_code == 200
    ta.stop()
    clock.jump(FRESH_SECONDS)
    gone = await gateway.post(CONFIG, json=CHANGE)
    assert gone.status_code == 502
    assert "bot ta-bot is away" in gone.json()["detail"]
    shown = (await gateway.get("/api/v1/fleet")).json()["bots"][0]
    assert not shown["reachable"]
    assert shown["operations"] > 10
    assert (await gateway.get("/api/v1/strategies/iceberg_detector/config")).status_code == 200
    ta.start()
    clock.jump(PAUSE_SECONDS)
    assert (await gateway.post(CONFIG, json=CHANGE)).json()["success"] is True
    assert (await gateway.get("/api/v1/fleet")).json()["bots"][0]["trouble"] is None


async def test_the_gateways_own_document_names_every_route_once(app):
    ids = [route["operationId"] for item in app.openapi()["paths"].values() for route in item.values()]
    assert len(ids) == len(set(ids)) == 13
