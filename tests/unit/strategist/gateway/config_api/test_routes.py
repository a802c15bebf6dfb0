"""The fleet's config API: what TradeEngine's clients send and what they must get back."""

import json
from typing import Any

import httpx
import pytest

from cio_strategist.domain.strict_json import read_json
from petrosa_contracts import CATALOGUE, TradingConfigAudit, default_parameters
from tests.unit.strategist.gateway.config_api.envelope import CONFIG, asked, filter_update, refused, update
from tests.unit.strategist.gateway.door import ANNA, BOT, EVE, WHY, Door, is_problem

CONFIG_RESPONSE = {"symbol", "side", "parameters", "version", "source", "created_at", "updated_at"}


async def test_the_schema_tells_every_parameter_as_clients_know_it(door: Door) -> None:
    body = await asked(door, "GET", "/trading/schema")
    assert (list(body["data"]), body["metadata"]) == (list(CATALOGUE), {"total_parameters": len(CATALOGUE)})
    known = {"type", "description", "default", "min", "max", "example", "impact", "when_to_change"}
    assert known <= set(body["data"]["leverage"])
    assert "min" not in body["data"]["margin_type"]
    assert body["data"]["margin_type"]["allowed_values"]


async def test_the_defaults_are_the_catalogue_s(door: Door) -> None:
    body = await asked(door, "GET", "/trading/defaults")
    assert (body["data"], body["metadata"]) == (default_parameters(), {"total_parameters": len(CATALOGUE)})


@pytest.mark.parametrize(
    ("path", "scope", "symbol", "side"),
    [
        ("/trading", "global", None, None),
        ("/trading/btcusdt", "symbol", "BTCUSDT", None),
        ("/trading/BTCUSDT/SHORT", "symbol_side", "BTCUSDT", "SHORT"),
    ],
)
async def test_a_scope_is_set_looked_at_and_removed(
    door: Door, path: str, scope: str, symbol: str | None, side: str | None
) -> None:
    before = await asked(door, "GET", path)
    assert (before["data"]["version"], before["data"]["updated_at"]) == (0, None)
    written = await asked(door, "POST", path, json=update(leverage=5), headers=ANNA)
    assert set(written["data"]) == CONFIG_RESPONSE
    assert written["data"] == {
        "symbol": symbol,
        "side": side,
        "parameters": {"leverage": 5},
        "version": 1,
        "source": "mongodb",
        "created_at": "2026-02-25T12:00:00+00:00",
        "updated_at": "2026-02-25T12:00:00+00:00",
    }
    told = written["metadata"]
    assert (told["action"], told["scope"], told["enforced"], told["epoch"]) == ("updated", scope, True, 1)
    assert door.authority.store.trail[0].changed_by == "ops-console"

    seen = await asked(door, "GET", path)
    assert (seen["data"]["version"], seen["data"]["source"]) == (1, "resolved")
    assert seen["data"]["parameters"] == {**default_parameters(), "leverage": 5}
    assert seen["metadata"]["scope"] == scope

    gone = await asked(door, "DELETE", path, params={"changed_by": "ops", **WHY}, headers=ANNA)
    assert (gone["data"]["version"], gone["data"]["parameters"], gone["metadata"]["action"]) == (2, {}, "deleted")


async def test_a_strategy_has_the_same_routes(door: Door) -> None:
    path = "/strategies/Iceberg%20Order%20Detector"
    written = await asked(door, "POST", path, json=update(leverage=5), headers=ANNA)
    assert (written["data"]["strategy_id"], written["metadata"]["scope"]) == ("Iceberg Order Detector", "strategy")
    seen = await asked(door, "GET", path)
    assert (seen["data"]["parameters"]["leverage"], seen["data"]["version"]) == (5, 1)
    gone = await asked(door, "DELETE", path, json={**WHY, "changed_by": "ops", "unknown": 1}, headers=ANNA)
    assert (gone["data"]["version"], door.authority.store.trail[-1].changed_by) == (2, "ops")


async def test_what_get_answers_can_be_posted_back(door: Door) -> None:
    await asked(door, "POST", "/trading", json=update(leverage=5), headers=ANNA)
    seen = await asked(door, "GET", "/trading")
    assert seen["data"]["parameters"]["override_min_qty"] is None
    written = await asked(door, "POST", "/trading", json=update(**seen["data"]["parameters"]), headers=BOT)
    assert (written["data"]["parameters"], written["data"]["version"]) == (seen["data"]["parameters"], 2)


async def test_an_empty_set_clears_and_an_equal_one_writes_nothing(door: Door) -> None:
    await asked(door, "POST", "/trading", json=update(leverage=5), headers=ANNA)
    same = await asked(door, "POST", "/trading", json=update(leverage=5), headers=ANNA)
    assert (same["data"]["version"], same["metadata"]["status"], same["metadata"]["enforced"]) == (1, "unchanged", None)
    cleared = await asked(door, "POST", "/trading", json=update(), headers=ANNA)
    assert (cleared["data"]["parameters"], cleared["data"]["version"]) == ({}, 2)


async def test_a_set_that_redis_did_not_get_yet_says_so(door: Door) -> None:
    door.authority.enforcer.enforced = False
    written = await asked(door, "POST", "/trading", json=update(leverage=5), headers=ANNA)
    assert (written["success"], written["metadata"]["enforced"], written["metadata"]["epoch"]) == (True, False, None)


async def test_validate_only_needs_no_token_and_writes_nothing(door: Door) -> None:
    for path in ("/trading", "/trading/BTCUSDT", "/trading/BTCUSDT/LONG", "/strategies/momentum"):
        body = await asked(door, "POST", path, json={**update(leverage=5), "validate_only": True})
        assert (body["data"], body["metadata"]["validation"]) == (None, "passed")
    await refused(door, "VALIDATION_ERROR", "POST", "/trading", json={**update(leverage=500), "validate_only": True})
    assert (door.authority.store.writes, door.limit.taken) == ([], [])


async def test_values_that_the_catalogue_refuses_are_all_listed(door: Door) -> None:
    error = await refused(
        door, "VALIDATION_ERROR", "POST", "/trading", json=update(leverage=500, unknown=1), headers=ANNA
    )
    assert len(error["details"]["errors"]) == 2
    assert {each["field"]: each["suggested_value"] for each in error["details"]["suggestions"]}["leverage"] == 125


async def test_a_change_that_waits_for_approval_is_no_success(door: Door) -> None:
    error = await refused(door, "APPROVAL_REQUIRED", "POST", "/trading", json=update(leverage=20), headers=BOT)
    assert error["details"]["proposal_id"] in door.authority.store.filed
    error = await refused(
        door, "APPROVAL_REQUIRED", "PUT", "/filters/global", json=filter_update(leverage=20), headers=BOT
    )
    assert error["details"]["proposal_id"] in door.authority.store.filed


@pytest.mark.parametrize("symbol", ["schema", "defaults", "SCHEMA", "Defaults"])
async def test_schema_and_defaults_are_never_symbols(door: Door, symbol: str) -> None:
    await refused(door, "VALIDATION_ERROR", "POST", f"/trading/{symbol}", json=update(leverage=5), headers=ANNA)
    await refused(door, "VALIDATION_ERROR", "DELETE", f"/trading/{symbol}", params=WHY, headers=ANNA)
    await refused(door, "UPDATE_FAILED", "PUT", f"/filters/pair/{symbol}", json=filter_update(leverage=5), headers=ANNA)
    assert door.authority.store.writes == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/trading", update(leverage=5)),
        ("POST", "/trading/BTCUSDT", update(leverage=5)),
        ("POST", "/trading/BTCUSDT/LONG", update(leverage=5)),
        ("POST", "/strategies/momentum", update(leverage=5)),
        ("DELETE", "/trading", None),
        ("DELETE", "/trading/BTCUSDT", None),
        ("DELETE", "/trading/BTCUSDT/LONG", None),
        ("DELETE", "/strategies/momentum", None),
        ("POST", "/rollback", {"changed_by": "x"}),
        ("POST", "/restore", {"changed_by": "x"}),
        ("PUT", "/filters/global", {"filters": {}, "changed_by": "x"}),
        ("PUT", "/filters/pair/BTCUSDT", {"filters": {}, "changed_by": "x"}),
        ("PUT", "/filters/pair/BTCUSDT/side/LONG", {"filters": {}, "changed_by": "x"}),
        ("PUT", "/filters/strategy/momentum", {"filters": {}, "changed_by": "x"}),
    ],
)
async def test_every_write_needs_a_token_and_is_limited_in_the_fleet_s_form(
    door: Door, method: str, path: str, body: object
) -> None:
    is_problem(await door.ask(method, f"{CONFIG}{path}", json=body), 401, "unauthenticated")
    is_problem(await door.ask(method, f"{CONFIG}{path}", json=body, headers=EVE), 403, "forbidden")
    door.limit.left = 0
    answer = await door.ask(method, f"{CONFIG}{path}", json=body, headers=ANNA)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json() == {
        "success": False,
        "error": "rate_limit_exceeded",
        "reason": "agent_quota_exceeded",
        "retry_after": 7,
    }
    door.tokens.up = False
    is_problem(await door.ask(method, f"{CONFIG}{path}", json=body, headers=ANNA), 503, "store-unreachable")
    assert door.authority.store.writes == []


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "/trading", {"json": {"parameters": {}}}),
        ("POST", "/trading", {"json": {"parameters": [], "changed_by": "x"}}),
        ("GET", "/trading/BTCUSDT/long", {}),
        ("GET", "/history", {"params": {"limit": 0}}),
        ("GET", "/history", {"params": {"limit": 1001}}),
        ("POST", "/validate", {"json": {"parameters": {}, "side": "UP"}}),
    ],
)
async def test_what_does_not_fit_a_route_is_told_in_the_form_that_clients_know(
    door: Door, method: str, path: str, sent: dict[str, Any]
) -> None:
    answer = await door.ask(method, f"{CONFIG}{path}", headers=ANNA, **sent)
    assert answer.status_code == 422
    (detail,) = answer.json()["detail"]
    assert set(detail) == {"type", "loc", "msg", "input"}


async def test_validation_tells_errors_fixes_and_impact(door: Door) -> None:
    sent = {"parameters": {"leverage": 60.5, "enabled": "yes", "stop_loss_pct": 900.0}, "symbol": "btcusdt", "x": 1}
    body = await asked(door, "POST", "/validate", json=sent)
    assert body["metadata"] == {"validation_mode": "dry_run", "scope": "BTCUSDT:all"}
    data = body["data"]
    assert set(data) == {
        "validation_passed",
        "errors",
        "warnings",
        "suggested_fixes",
        "estimated_impact",
        "conflicts",
    }
    codes = {each["field"]: each["code"] for each in data["errors"]}
    assert codes == {"leverage": "INVALID_TYPE", "enabled": "VALIDATION_ERROR", "stop_loss_pct": "OUT_OF_RANGE"}
    assert (data["validation_passed"], data["warnings"], data["conflicts"]) == (False, [], [])
    impact = data["estimated_impact"]
    assert (impact["risk_level"], impact["affected_scope"], impact["parameter_count"]) == ("high", "BTCUSDT:all", 3)
    assert impact["warning"]
    assert data["suggested_fixes"]


@pytest.mark.parametrize(
    ("parameters", "level"),
    [
        ({"max_retries": 2}, "low"),
        ({"leverage": 5}, "medium"),
        ({"stop_loss_pct": 2.0}, "medium"),
        ({"leverage": 51}, "high"),
        ({"leverage": True}, "medium"),
    ],
)
async def test_the_risk_level_is_the_one_that_clients_know(
    door: Door, parameters: dict[str, object], level: str
) -> None:
    body = await asked(door, "POST", "/validate", json={"parameters": parameters, "symbol": "A", "side": "LONG"})
    assert (body["data"]["estimated_impact"]["risk_level"], body["metadata"]["scope"]) == (level, "A:LONG")


@pytest.mark.parametrize("route", ["/rollback", "/restore"])
async def test_a_rollback_concerns_exactly_the_scope_that_it_names(door: Door, route: str) -> None:
    await asked(door, "POST", "/trading/BTCUSDT", json=update(leverage=5), headers=ANNA)
    await asked(door, "POST", "/trading/BTCUSDT", json=update(leverage=4), headers=ANNA)
    await asked(door, "POST", "/trading/BTCUSDT/SHORT", json=update(leverage=2), headers=ANNA)
    sent = {"changed_by": "ops", "unknown": 1, **WHY}
    body = await asked(door, "POST", route, params={"symbol": "btcusdt"}, json=sent, headers=ANNA)
    assert (body["data"]["parameters"], body["data"]["version"], body["data"]["source"]) == (
        {"leverage": 5},
        3,
        "data_manager",
    )
    assert (body["metadata"]["action"], body["metadata"]["scope"]) == ("rollback", "trading")
    assert await door.authority.parameters("symbol_side:BTCUSDT:SHORT") == {"leverage": 2}
    await refused(door, "ROLLBACK_FAILED", "POST", route, json=sent, headers=ANNA)  # global never had a state


async def test_a_rollback_by_version_id_and_strategy(door: Door) -> None:
    path = "/strategies/momentum"
    first = await asked(door, "POST", path, json=update(leverage=5), headers=ANNA)
    await asked(door, "POST", path, json=update(leverage=4), headers=ANNA)
    where = {"params": {"strategy_id": "momentum"}, "headers": ANNA}
    by_version = {"changed_by": "ops", "target_version": 1, **WHY}
    assert (await asked(door, "POST", "/rollback", json=by_version, **where))["data"]["parameters"] == {"leverage": 5}
    both = {"changed_by": "ops", "target_version": 2, "rollback_id": first["metadata"]["audit_id"], **WHY}
    assert (await asked(door, "POST", "/rollback", json=both, **where))["data"]["parameters"] == {"leverage": 5}
    # A strategy's record is none of the global scope's.
    sent = {"changed_by": "ops", "rollback_id": first["metadata"]["audit_id"], **WHY}
    await refused(door, "ROLLBACK_FAILED", "POST", "/rollback", json=sent, headers=ANNA)


@pytest.mark.parametrize(
    ("target", "where"),
    [
        ({"target_version": 9}, {"symbol": "BTCUSDT"}),
        ({"target_version": -1}, {"symbol": "BTCUSDT"}),
        ({"rollback_id": "none"}, {"symbol": "BTCUSDT"}),
        ({}, {"side": "LONG"}),
        ({}, {"symbol": "schema"}),
        ({}, {"symbol": "BTCUSDT", "strategy_id": "momentum"}),
    ],
)
async def test_a_rollback_to_nowhere_fails_with_the_reason(
    door: Door, target: dict[str, Any], where: dict[str, str]
) -> None:
    await asked(door, "POST", "/trading/BTCUSDT", json=update(leverage=5), headers=ANNA)
    sent = {"changed_by": "ops", **target, **WHY}
    error = await refused(door, "ROLLBACK_FAILED", "POST", "/rollback", params=where, json=sent, headers=ANNA)
    assert error["details"]["errors"] == [error["message"]]


async def test_history_is_the_fleet_s_audit_documents(door: Door) -> None:
    await asked(door, "POST", "/trading/BTCUSDT", json=update(leverage=5), headers=ANNA)
    await asked(door, "POST", "/trading/BTCUSDT/LONG", json=update(leverage=4), headers=ANNA)
    await asked(door, "DELETE", "/trading/BTCUSDT", params=WHY, headers=ANNA)
    await door.ask("POST", "/api/v1/control", json={"scope": "global", "mode": "SAFE", **WHY}, headers=ANNA)
    body = await asked(door, "GET", "/history", params={"symbol": "btcusdt", "limit": 1000})
    assert body["metadata"] == {"count": 3, "symbol": "btcusdt", "side": None, "limit": 1000}
    deleted, side, created = [TradingConfigAudit.model_validate(document) for document in body["data"]]
    assert (deleted.action, deleted.parameters_after, deleted.version_after) == ("delete", None, None)
    assert body["data"][0]["version"] == 2
    assert (side.config_type, side.side) == ("symbol_side", "LONG")
    assert (created.action, created.version_after, created.changed_by) == ("create", 1, "ops-console")
    assert body["data"][2]["metadata"]["thought_trace"] == WHY["thought_trace"]
    assert len((await asked(door, "GET", "/history"))["data"]) == 3


async def test_health_tells_whether_mongodb_answers(door: Door) -> None:
    assert (await door.ask("GET", f"{CONFIG}/health")).json() == {
        "status": "healthy",
        "mongodb_connected": True,
        "cache_size": 0,
    }
    door.authority.store.up = False
    assert (await door.ask("GET", f"{CONFIG}/health")).json()["status"] == "unhealthy"
    door.authority.redis.up = False
    assert (await door.ask("GET", f"{CONFIG}/health")).json()["status"] == "unhealthy"


async def test_a_store_that_is_away_is_an_error_in_the_envelope(door: Door) -> None:
    door.authority.store.up = False
    assert (await asked(door, "GET", "/trading"))["metadata"]["read_from"] == "redis"
    await refused(door, "INTERNAL_ERROR", "POST", "/trading", json=update(leverage=5), headers=ANNA)
    await refused(door, "CONFIG_ERROR", "PUT", "/filters/global", json=filter_update(leverage=5), headers=ANNA)
    await refused(door, "INTERNAL_ERROR", "POST", "/rollback", json={"changed_by": "x", **WHY}, headers=ANNA)
    await refused(door, "INTERNAL_ERROR", "GET", "/history")
    door.authority.redis.up = False
    await refused(door, "INTERNAL_ERROR", "GET", "/trading")
    await refused(door, "CONFIG_ERROR", "GET", "/filters/global")


async def test_etag_if_match_and_idempotency_work_here_too(door: Door) -> None:
    headers = {**ANNA, "Idempotency-Key": "k-1"}
    first = await asked(door, "POST", "/trading", json=update(leverage=5), headers=headers)
    again = await asked(door, "POST", "/trading", json=update(leverage=5), headers=headers)
    assert (again["metadata"]["replayed"], again["data"]["version"]) == (True, first["data"]["version"])
    seen = await door.ask("GET", f"{CONFIG}/trading")
    assert seen.headers["etag"] == '"1"'
    await asked(door, "POST", "/trading", json=update(leverage=4), headers={**ANNA, "If-Match": '"1"'})
    error = await refused(
        door, "CONFLICT", "POST", "/trading", json=update(leverage=3), headers={**ANNA, "If-Match": '"1"'}
    )
    assert error["details"]["current_version"] == 2
    await refused(door, "UNSUPPORTED_OPERATION", "POST", "/trading", json=update(leverage=3), headers=headers)


async def test_a_body_without_a_content_type_is_taken_as_json(door: Door) -> None:
    content = json.dumps(update(leverage=5)).encode()
    assert read_json(content)
    async with door.client() as client:
        request = httpx.Request("POST", f"http://gateway{CONFIG}/trading", content=content, headers=ANNA)
        assert "content-type" not in request.headers
        answer = await client.send(request)
    assert answer.json()["success"] is True


async def test_a_config_that_is_set_again_or_rolled_back_keeps_the_time_it_was_created(door: Door) -> None:
    await asked(door, "POST", "/trading/BTCUSDT", json=update(leverage=5), headers=ANNA)
    door.authority.clock.advance(hours=1)
    again = (await asked(door, "POST", "/trading/BTCUSDT", json=update(leverage=4), headers=ANNA))["data"]
    path = "/rollback?symbol=BTCUSDT"
    back = (await asked(door, "POST", path, json={"changed_by": "ops-console"}, headers=ANNA))["data"]
    assert (again["version"], back["version"]) == (2, 3)
    assert {each["created_at"] for each in (again, back)} == {"2026-02-25T12:00:00+00:00"}
    assert {each["updated_at"] for each in (again, back)} == {"2026-02-25T13:00:00+00:00"}


async def test_a_config_that_was_removed_meanwhile_was_created_when_it_was_set_again(door: Door) -> None:
    await asked(door, "POST", "/trading/BTCUSDT", json=update(leverage=5), headers=ANNA)
    await asked(door, "DELETE", "/trading/BTCUSDT", headers=ANNA)
    door.authority.clock.advance(hours=1)
    await asked(door, "POST", "/trading/BTCUSDT", json=update(leverage=4), headers=ANNA)
    door.authority.clock.advance(hours=1)
    again = (await asked(door, "POST", "/trading/BTCUSDT", json=update(leverage=3), headers=ANNA))["data"]
    assert (again["version"], again["created_at"]) == (4, "2026-02-25T13:00:00+00:00")
