"""Policy as orders meet it, the catalogue and the trail over HTTP."""

import pytest

from petrosa_contracts import CATALOGUE
from petrosa_contracts.parameters.definition import Risk
from tests.unit.strategist.gateway.door import ANNA, WHY, Door, is_problem

POLICY = "/api/v1/policy"


async def test_resolved_policy_names_the_scope_that_set_each_value(door: Door) -> None:
    await door.set("global", leverage=6)
    await door.set("symbol_side:BTCUSDT:LONG", leverage=3)
    order = {"symbol": "btcusdt", "side": "LONG", "strategy_id": "Iceberg Order Detector"}
    body = (await door.ask("GET", f"{POLICY}/resolved", params=order)).json()
    assert body["parameters"]["leverage"] == {
        "value": 3,
        "scope": "symbol_side:BTCUSDT:LONG",
        "version": 1,
        "unit": "x",
    }
    assert set(body["parameters"]) == set(CATALOGUE)
    assert body["source"]["name"] == "mongodb"


async def test_a_side_without_a_symbol_is_refused(door: Door) -> None:
    is_problem(await door.ask("GET", f"{POLICY}/resolved", params={"side": "LONG"}), 400, "usage")
    is_problem(await door.ask("GET", f"{POLICY}/resolved", params={"side": "up"}), 422, "invalid")


@pytest.mark.parametrize("name", ["symbol", "strategy_id"])
async def test_an_empty_name_is_not_taken_for_any_order(door: Door, name: str) -> None:
    is_problem(await door.ask("GET", f"{POLICY}/resolved", params={name: ""}), 400, "usage")


async def test_limits_are_the_parameters_that_bound_risk(door: Door) -> None:
    body = (await door.ask("GET", f"{POLICY}/limits", params={"symbol": "BTCUSDT"})).json()
    assert set(body["parameters"]) == {name for name, each in CATALOGUE.items() if each.risk is not Risk.NEUTRAL}


async def test_the_catalogue_tells_everything_about_every_parameter(door: Door) -> None:
    body = (await door.ask("GET", f"{POLICY}/parameters")).json()
    assert [each["name"] for each in body["parameters"]] == list(CATALOGUE)
    one = (await door.ask("GET", f"{POLICY}/parameters/leverage")).json()
    assert one in body["parameters"]
    assert (one["minimum"], one["maximum"], one["risk"]) == (1, 125, "raises")
    assert all(one[name] for name in ("description", "impact", "raise_when", "lower_when", "unit_in_words"))


async def test_an_unknown_parameter_comes_with_the_nearest_known_one(door: Door) -> None:
    problem = is_problem(await door.ask("GET", f"{POLICY}/parameters/leverge"), 404, "not-found")
    assert "leverage" in problem["detail"]


async def test_values_can_be_checked_without_a_token(door: Door) -> None:
    sent = {"parameters": {"leverage": 500, "position_size_pct": 2.0, "enabled": True}}
    body = (await door.ask("POST", f"{POLICY}/validate", json=sent)).json()
    assert body["valid"] is False
    assert {each["field"]: each["suggested_value"] for each in body["errors"]} == {
        "leverage": 125,
        "position_size_pct": 0.02,
    }
    assert (await door.ask("POST", f"{POLICY}/validate", json={"parameters": {}})).json()["valid"] is True


async def test_reads_go_on_from_redis_while_mongodb_is_away_and_writes_are_refused(door: Door) -> None:
    door.authority.store.up = False
    body = (await door.ask("GET", f"{POLICY}/resolved")).json()
    assert body["source"]["name"] == "redis"
    sent = {"parameters": {"leverage": 4}, **WHY}
    answer = await door.ask("PUT", f"{POLICY}/scopes/global", json=sent, headers=ANNA)
    is_problem(answer, 503, "store-unreachable")
    assert int(answer.headers["retry-after"]) > 0
    is_problem(await door.ask("GET", "/api/v1/audit"), 503, "store-unreachable")


async def test_the_trail_is_filtered_and_paged(door: Door) -> None:
    await door.set("global", leverage=6)
    await door.set("symbol:BTCUSDT", leverage=3)
    await door.set("symbol_side:BTCUSDT:LONG", leverage=2)
    await door.set("strategy:momentum", leverage=2)
    await door.ask("POST", "/api/v1/control", json={"scope": "global", "mode": "SAFE", **WHY}, headers=ANNA)

    async def scopes(**wanted: str) -> list[str]:
        answer = await door.ask("GET", "/api/v1/audit", params=wanted)
        return [record["scope"] for record in answer.json()["records"]]

    assert await scopes(symbol="btcusdt") == ["symbol_side:BTCUSDT:LONG", "symbol:BTCUSDT"]
    assert await scopes(scope="symbol:btcusdt") == ["symbol:BTCUSDT"]
    assert await scopes(strategy_id="momentum") == ["strategy:momentum"]
    assert await scopes(subject="control") == ["global"]
    assert len(await scopes(since="2026-02-25T12:00:00")) == 5
    assert await scopes(since="2026-02-25T12:00:01Z") == []
    page = (await door.ask("GET", "/api/v1/audit", params={"limit": 2})).json()
    rest = (await door.ask("GET", "/api/v1/audit", params={"cursor": page["next"]})).json()
    assert (len(page["records"]), len(rest["records"]), rest["next"]) == (2, 3, None)


async def test_one_record_can_be_looked_at(door: Door) -> None:
    written = await door.set("global", leverage=6)
    record = (await door.ask("GET", f"/api/v1/audit/{written['audit_id']}")).json()
    assert (record["after"], record["caller"], record["thought_trace"]) == (
        {"leverage": 6},
        "anna",
        WHY["thought_trace"],
    )
    is_problem(await door.ask("GET", "/api/v1/audit/none"), 404, "not-found")


@pytest.mark.parametrize("since", ["yesterday", "0001-01-01T00:00:00+14:00"])
async def test_a_time_that_is_none_is_refused(door: Door, since: str) -> None:
    answer = await door.ask("GET", "/api/v1/audit", params={"since": since})
    assert answer.status_code in {400, 422}
