"""Control and proposals over HTTP."""

import pytest

from cio_strategist.errors import SecondFactorError
from tests.unit.strategist.authority import CODE
from tests.unit.strategist.gateway.door import ANNA, BEN, BOT, EVE, WHY, Door, failing, is_problem

CONTROL = "/api/v1/control"
PROPOSALS = "/api/v1/proposals"
HALT = {"scope": "symbol:BTCUSDT", "mode": "HALTED", **WHY}


async def test_an_agent_may_halt_for_a_while(door: Door) -> None:
    answer = await door.ask("POST", CONTROL, json={**HALT, "lasting": "2h"}, headers=BOT)
    assert answer.status_code == 200
    assert answer.json()["after"]["expires_at"] == "2026-02-25T14:00:00Z"
    (control,) = (await door.ask("GET", CONTROL)).json()["controls"]
    assert (control["scope"], control["entry"]["mode"], control["in_force"]) == ("symbol:BTCUSDT", "HALTED", True)


async def test_a_halt_is_never_refused_for_its_rate_and_a_lift_is(door: Door) -> None:
    door.limit.left = 0
    assert (await door.ask("POST", CONTROL, json=HALT, headers=BOT)).status_code == 200
    answer = await door.ask("DELETE", f"{CONTROL}/symbol:BTCUSDT", headers=ANNA, json={**WHY, "code": CODE})
    is_problem(answer, 429, "rate-limited")
    assert answer.headers["retry-after"] == "7"


@pytest.mark.parametrize("way", ["body", "header"])
async def test_a_lift_takes_an_operator_and_a_code(door: Door, way: str) -> None:
    await door.ask("POST", CONTROL, json=HALT, headers=BOT)
    path = f"{CONTROL}/symbol:BTCUSDT"
    is_problem(await door.ask("DELETE", path, json=WHY, headers=BOT), 403, "forbidden")
    is_problem(await door.ask("DELETE", path, json=WHY), 401, "unauthenticated")
    is_problem(await door.ask("DELETE", path, json=WHY, headers=ANNA), 403, "second-factor")
    sent = (
        {"json": {**WHY, "code": CODE}, "headers": ANNA}
        if way == "body"
        else {"params": WHY, "headers": {**ANNA, "X-Second-Factor": CODE}}
    )
    answer = await door.ask("DELETE", path, **sent)
    assert (answer.status_code, answer.json()["status"]) == (200, "applied")
    assert (await door.ask("GET", CONTROL)).json()["controls"] == []


@pytest.mark.parametrize("why", ["missing", "malformed", "wrong", "used", "locked", "not_configured"])
async def test_a_refused_second_factor_says_what_is_wrong_with_it(
    door: Door, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    await door.ask("POST", CONTROL, json=HALT, headers=BOT)
    monkeypatch.setattr(door.authority.second_factor, "verify", failing(SecondFactorError("not taken", why=why)))
    answer = await door.ask("DELETE", f"{CONTROL}/symbol:BTCUSDT", json=WHY, headers=ANNA)
    assert is_problem(answer, 403, "second-factor")["second_factor"] == why


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"mode": "ACTIVE"}, 422, "invalid"),
        ({"mode": "BLIND"}, 422, "invalid"),
        ({"lasting": "soon"}, 400, "usage"),
        ({"scope": "symbol_side:BTCUSDT:LONG"}, 400, "usage"),
        ({"scope": "nowhere"}, 400, "usage"),
        ({"reason": "  "}, 400, "usage"),
        ({"mode": "FROZEN"}, 403, "forbidden"),
    ],
)
async def test_a_restriction_that_cannot_be_is_refused(
    door: Door, change: dict[str, str], status: int, kind: str
) -> None:
    is_problem(await door.ask("POST", CONTROL, json={**HALT, **change}, headers=BOT), status, kind)
    assert door.authority.store.writes == []


async def test_freezing_and_thawing_take_an_operator_and_a_code(door: Door) -> None:
    frozen, path = {**HALT, "mode": "FROZEN"}, f"{CONTROL}/symbol:BTCUSDT"
    is_problem(await door.ask("POST", CONTROL, json=frozen, headers=ANNA), 403, "second-factor")
    assert door.authority.store.writes == []
    answer = await door.ask("POST", CONTROL, json=frozen, headers={**ANNA, "X-Second-Factor": CODE})
    assert (answer.status_code, answer.json()["after"]["mode"]) == (200, "FROZEN")
    is_problem(await door.ask("DELETE", path, json=WHY, headers=BOT), 403, "forbidden")
    is_problem(await door.ask("DELETE", path, json=WHY, headers=ANNA), 403, "second-factor")
    is_problem(await door.ask("POST", CONTROL, json=HALT, headers=ANNA), 403, "second-factor")
    door.authority.second_factor.codes = ["654321"]
    answer = await door.ask("DELETE", path, json=WHY, headers={**ANNA, "X-Second-Factor": "654321"})
    assert (answer.status_code, answer.json()["status"]) == (200, "applied")


async def test_a_caller_without_the_permission_may_not_halt(door: Door) -> None:
    is_problem(await door.ask("POST", CONTROL, json=HALT, headers=EVE), 403, "forbidden")
    is_problem(await door.ask("POST", CONTROL, json=HALT), 401, "unauthenticated")


async def test_a_halt_with_a_token_that_cannot_be_verified_names_another_way(door: Door) -> None:
    door.tokens.up = False
    problem = is_problem(await door.ask("POST", CONTROL, json=HALT, headers=BOT), 503, "store-unreachable")
    assert "cio-policy halt" in problem["detail"]


async def test_a_proposal_is_shown_and_carried_out(door: Door) -> None:
    proposal_id = await door.propose()
    listed = (await door.ask("GET", PROPOSALS, params={"status": "pending"})).json()["proposals"]
    shown = (await door.ask("GET", f"{PROPOSALS}/{proposal_id}")).json()
    assert listed == [shown]
    assert (shown["edit"]["parameters"], shown["thought_trace"]) == ({"leverage": 20}, WHY["thought_trace"])
    answer = await door.ask("POST", f"{PROPOSALS}/{proposal_id}/approve", headers=ANNA)
    assert (answer.status_code, answer.json()["parameters"], answer.headers["etag"]) == (200, {"leverage": 20}, '"1"')
    assert (await door.ask("GET", PROPOSALS, params={"status": "pending"})).json()["proposals"] == []


async def test_a_proposal_is_turned_down_once(door: Door) -> None:
    proposal_id = await door.propose()
    answer = await door.ask("POST", f"{PROPOSALS}/{proposal_id}/reject", json={"reason": "too risky"}, headers=BEN)
    body = answer.json()
    assert (body["status"], body["decided_by"], body["decision_reason"]) == ("rejected", "ben", "too risky")
    is_problem(await door.ask("POST", f"{PROPOSALS}/{proposal_id}/approve", headers=ANNA), 409, "conflict")


async def test_a_proposal_whose_scope_moved_on_is_stale(door: Door) -> None:
    proposal_id = await door.propose()
    await door.set("global", leverage=9)
    problem = is_problem(await door.ask("POST", f"{PROPOSALS}/{proposal_id}/approve", headers=ANNA), 409, "conflict")
    assert problem["current_version"] == 1
    assert (await door.ask("GET", f"{PROPOSALS}/{proposal_id}")).json()["status"] == "stale"


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_only_operators_who_may_decide(door: Door, decision: str) -> None:
    proposal_id = await door.propose()
    path = f"{PROPOSALS}/{proposal_id}/{decision}"
    is_problem(await door.ask("POST", path), 401, "unauthenticated")
    is_problem(await door.ask("POST", path, json=WHY, headers=BOT), 403, "forbidden")
    is_problem(await door.ask("POST", f"{PROPOSALS}/none/{decision}", headers=ANNA), 404, "not-found")


async def test_an_unknown_proposal_and_status_are_refused(door: Door) -> None:
    is_problem(await door.ask("GET", f"{PROPOSALS}/none"), 404, "not-found")
    is_problem(await door.ask("GET", PROPOSALS, params={"status": "lost"}), 422, "invalid")
