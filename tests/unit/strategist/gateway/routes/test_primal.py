"""Primal limits at the HTTP doors."""

from typing import Any

import httpx
import pytest

from cio_strategist.domain.policy.audit import Subject
from petrosa_contracts import default_parameters
from tests.primal import SIGNED
from tests.unit.strategist.gateway.door import ANNA, BOT, WHY, Door, is_problem

SCOPE = "/api/v1/policy/scopes/global"
CONFIG = "/api/v1/config"
BEYOND = {"leverage": 21}


@pytest.fixture
def door() -> Door:
    return Door(primal=SIGNED)


def refusals(door: Door) -> list[str]:
    return [record.id for record in door.authority.store.trail if record.subject is Subject.REFUSAL]


async def test_the_limits_can_be_read_by_anybody(door: Door) -> None:
    answer = await door.ask("GET", "/api/v1/primal")
    assert answer.status_code == 200
    assert answer.json()["limits"]["leverage"] == {
        "value": 20,
        "meaning": "Largest leverage, x.",
        "bounds": ["leverage", "max_leverage_bound"],
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", SCOPE, {"parameters": BEYOND}),
        ("PATCH", SCOPE, {"parameters": BEYOND}),
        ("PUT", "/api/v1/policy/scopes/symbol_side:BTCUSDT:LONG", {"parameters": BEYOND}),
    ],
)
async def test_what_is_beyond_them_is_a_problem_of_its_own(
    door: Door, method: str, path: str, body: dict[str, Any]
) -> None:
    problem = is_problem(await door.ask(method, path, json={**body, **WHY}, headers=ANNA), 422, "primal-limit")
    assert problem["code"] == "PRIMAL_LIMIT"
    (error,) = problem["errors"]
    assert (error["field"], error["code"], error["suggested_value"]) == ("leverage", "PRIMAL_LIMIT", 20)
    assert "the primal limit leverage of revision 3" in problem["detail"]
    assert refusals(door) == [problem["audit_id"]]


async def test_a_preview_beyond_them_says_so_without_a_record(door: Door) -> None:
    asked = {"kind": "patch", "parameters": BEYOND}
    problem = is_problem(await door.ask("POST", f"{SCOPE}/preview", json=asked), 422, "primal-limit")
    assert "audit_id" not in problem
    assert refusals(door) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{CONFIG}/trading", {"parameters": BEYOND}),
        ("POST", f"{CONFIG}/trading/BTCUSDT", {"parameters": BEYOND}),
        ("POST", f"{CONFIG}/trading/BTCUSDT/LONG", {"parameters": BEYOND}),
        ("POST", f"{CONFIG}/strategies/momentum_v1", {"parameters": BEYOND}),
        ("PUT", f"{CONFIG}/filters/global", {"filters": BEYOND}),
        ("PUT", f"{CONFIG}/filters/pair/BTCUSDT", {"filters": BEYOND}),
    ],
)
async def test_the_fleets_config_api_has_the_code_in_its_envelope(
    door: Door, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = await door.ask(method, path, json={**body, "changed_by": "desk", **WHY}, headers=ANNA)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["success"], told["error"]["code"]) == (False, "PRIMAL_LIMIT")
    assert "of revision 3" in told["error"]["message"]
    assert told["error"]["details"]["suggestions"][0]["suggested_value"] == 20
    assert refusals(door) == [told["error"]["details"]["audit_id"]]


async def test_a_rollback_beyond_them_has_the_code_too() -> None:
    door = Door()
    await door.set("global", leverage=21)
    await door.set("global", leverage=5)
    limited = Door(primal=SIGNED)
    limited.authority.store.__dict__.update(door.authority.store.__dict__)
    answer = await limited.ask("POST", f"{CONFIG}/rollback", json={"changed_by": "desk", **WHY}, headers=ANNA)
    assert answer.json()["error"]["code"] == "PRIMAL_LIMIT"
    answer = await limited.ask("POST", f"{SCOPE}/rollback", json={"to_version": 1, **WHY}, headers=ANNA)
    is_problem(answer, 422, "primal-limit")
    assert len(refusals(limited)) == 2


async def test_what_the_fleets_get_tells_can_be_posted_back(door: Door) -> None:
    told = (await door.ask("GET", f"{CONFIG}/trading/BTCUSDT")).json()["data"]["parameters"]
    assert told["max_leverage_bound"] == 125
    body = {"parameters": {**told, "leverage": 5}, "changed_by": "desk", **WHY}
    assert (await door.ask("POST", f"{CONFIG}/trading/BTCUSDT", json=body, headers=ANNA)).json()["success"] is True


async def test_validation_tells_what_would_be_refused(door: Door) -> None:
    asked = {"parameters": {**default_parameters(), **BEYOND}}
    told = (await door.ask("POST", f"{CONFIG}/validate", json=asked)).json()["data"]
    assert told["validation_passed"] is False
    assert [(each["field"], each["code"]) for each in told["errors"]] == [("leverage", "PRIMAL_LIMIT")]
    assert told["suggested_fixes"] == ["Set leverage to 20"]
    told = (await door.ask("POST", "/api/v1/policy/validate", json=asked)).json()
    assert (told["valid"], told["errors"][0]["code"]) == (False, "PRIMAL_LIMIT")
    checked = {**asked, "changed_by": "desk", "validate_only": True}
    told = (await door.ask("POST", f"{CONFIG}/trading", json=checked)).json()
    assert told["error"]["code"] == "PRIMAL_LIMIT"
    assert refusals(door) == []


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("headers", [ANNA, BOT, {}])
async def test_an_attempt_to_change_the_limits_is_refused_and_recorded_whoever_asks(
    door: Door, method: str, headers: dict[str, str]
) -> None:
    body = {"limits": {"leverage": 125}, "reason": "more, please"}
    answer = await door.ask(method, "/api/v1/primal", json=body, headers=headers)
    problem = is_problem(answer, 403, "primal-limit")
    assert problem["code"] == "PRIMAL_LIMIT"
    (record,) = door.authority.store.trail
    assert (record.id, record.scope, record.reason) == (problem["audit_id"], "primal", "more, please")
    assert record.caller == {"anna": "anna", "strategist": "strategist"}.get(
        headers.get("Authorization", "").removeprefix("Bearer "), "anonymous"
    )
    assert (await door.ask("GET", "/api/v1/primal")).json()["limits"]["leverage"]["value"] == 20


@pytest.mark.parametrize("body", [None, [1], "leverage", {"leverage": {"a": [1]}}, {"limits": 5, "reason": 7}])
async def test_any_body_of_such_an_attempt_is_refused_alike(door: Door, body: object) -> None:
    sent: dict[str, Any] = {} if body is None else {"json": body}
    is_problem(await door.ask("PUT", "/api/v1/primal", headers=ANNA, **sent), 403, "primal-limit")


async def test_attempts_are_counted_like_writes(door: Door) -> None:
    door.limit.left = 0
    answer: httpx.Response = await door.ask("PUT", "/api/v1/primal", json={"leverage": 99})
    is_problem(answer, 429, "rate-limited")
    assert refusals(door) == []


async def test_the_trail_can_be_asked_for_refusals_alone(door: Door) -> None:
    await door.set("global", leverage=5)
    await door.ask("PATCH", SCOPE, json={"parameters": BEYOND, **WHY}, headers=ANNA)
    (record,) = (await door.ask("GET", "/api/v1/audit", params={"subject": "refusal"})).json()["records"]
    assert (record["action"], record["refused"][0]["limit"]) == ("refuse", "leverage")
    history = (await door.ask("GET", f"{SCOPE}/history")).json()["records"]
    assert [each["action"] for each in history] == ["create"]
    documents = (await door.ask("GET", f"{CONFIG}/history")).json()["data"]
    assert [each["action"] for each in documents] == ["create"]
