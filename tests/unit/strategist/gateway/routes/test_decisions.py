"""Recorded decisions over HTTP."""

from typing import Any

import pytest

from petrosa_contracts.record import DecisionRecord
from tests.builders import NOW
from tests.records import recorded, small_orders
from tests.unit.strategist.gateway.door import Door, is_problem

VETOED, APPROVED = "a" * 32, "b" * 32
SIMULATE = "/api/v1/policy/simulate"
LOOSE = {"global": {"max_position_size_usd": 1000}}


@pytest.fixture
def door() -> Door:
    door = Door()
    door.authority.archive.records = [
        recorded(small_orders(), decision_id=VETOED),
        recorded(decision_id=APPROVED, strategy_id="breakout"),
    ]
    return door


async def test_a_record_comes_as_it_was_written(door: Door) -> None:
    answer = await door.ask("GET", f"/api/v1/decisions/{VETOED}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.text == door.authority.archive.records[0].model_dump_json()
    assert DecisionRecord.model_validate_json(answer.content).record_id == VETOED


async def test_a_veto_is_explained(door: Door) -> None:
    found = (await door.ask("GET", f"/api/v1/decisions/{VETOED}/explanation")).json()
    (breach,) = found["breaches"]
    assert breach["origin"]["parameter"] == "max_position_size_usd"
    assert breach["would_have_passed"]
    assert found["policy_that_passes"] == {"scope": "global", "parameters": {"max_position_size_usd": 500.0}}


@pytest.mark.parametrize("path", ["", "/explanation"])
async def test_a_decision_that_is_not_on_record_is_not_found(door: Door, path: str) -> None:
    is_problem(await door.ask("GET", f"/api/v1/decisions/{'f' * 32}{path}"), 404, "not-found")


async def test_a_store_that_is_away_is_told(door: Door) -> None:
    door.authority.archive.up = False
    is_problem(await door.ask("GET", f"/api/v1/decisions/{VETOED}"), 503, "store-unreachable")
    is_problem(await door.ask("POST", SIMULATE, json={"patch": LOOSE}), 503, "store-unreachable")


async def test_a_policy_is_tried_on_recorded_decisions(door: Door) -> None:
    patch = {**LOOSE, "strategy:breakout": {"enabled": False}}
    found = (await door.ask("POST", SIMULATE, json={"patch": patch})).json()
    assert (found["examined"], found["gained"]["count"], found["lost"]["count"]) == (2, 1, 1)
    assert found["gained"]["by_code"] == {"ORDER_NOTIONAL_MAX": 1}
    assert found["lost"]["by_strategy"] == {"breakout": 1}
    assert found["lost"]["examples"][0]["decision_id"] == APPROVED


@pytest.mark.parametrize(
    ("wanted", "examined"),
    [
        ({"strategy_id": "breakout"}, 1),
        ({"symbol": "btcusdt"}, 2),
        ({"since": NOW.isoformat()}, 2),
        ({"until": NOW.isoformat()}, 0),
        ({"limit": 1}, 1),
    ],
)
async def test_decisions_to_try_it_on_can_be_chosen(door: Door, wanted: dict[str, Any], examined: int) -> None:
    assert (await door.ask("POST", SIMULATE, json={"patch": LOOSE, **wanted})).json()["examined"] == examined


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"patch": {}}, 400, "usage"),
        ({"patch": LOOSE, "since": NOW.isoformat(), "until": NOW.isoformat()}, 400, "usage"),
        ({"patch": {"moon": {}}}, 400, "usage"),
        ({"patch": {"global": {"leverage": 500}}}, 422, "rejected"),
        ({"patch": LOOSE, "limit": 10_001}, 422, "invalid"),
        ({"patch": LOOSE, "limit": 0}, 422, "invalid"),
        ({"patch": LOOSE, "policy": {}}, 422, "invalid"),
        ({}, 422, "invalid"),
    ],
)
async def test_what_cannot_be_tried_is_refused(door: Door, body: dict[str, Any], status: int, kind: str) -> None:
    is_problem(await door.ask("POST", SIMULATE, json=body), status, kind)


async def test_a_preview_tells_what_the_last_hour_would_have_been_if_asked(door: Door) -> None:
    clock = door.authority.clock
    clock.advance(seconds=(NOW - clock.now()).total_seconds())
    body = {"kind": "patch", "parameters": {"max_position_size_usd": 1000}}
    path = "/api/v1/policy/scopes/global/preview"
    assert (await door.ask("POST", path, json=body)).json()["simulation"] is None
    found = (await door.ask("POST", path, json=body, params={"simulate": "true"})).json()
    assert found["simulation"]["gained"]["count"] == 1
