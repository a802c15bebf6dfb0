"""Scopes over HTTP."""

import json

import pytest

from cio_strategist.domain.policy.stored import Write
from petrosa_contracts import PolicyLayer
from tests.unit.strategist.gateway.door import ANNA, BEN, BOT, EVE, WHY, Door, is_problem

SCOPES = "/api/v1/policy/scopes"
BTC = f"{SCOPES}/symbol:BTCUSDT"


async def test_a_scope_that_sets_nothing_is_an_answer_with_version_0(door: Door) -> None:
    answer = await door.ask("GET", BTC)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"0"')
    assert answer.json()["exists"] is False


async def test_put_sets_the_whole_scope_and_answers_with_its_version(door: Door) -> None:
    await door.set("symbol:BTCUSDT", leverage=5, enable_shorts=False)
    answer = await door.ask("PUT", BTC, json={"parameters": {"leverage": 4}, **WHY}, headers=ANNA)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    body = answer.json()
    assert (body["status"], body["version"], body["parameters"]) == ("applied", 2, {"leverage": 4})
    assert body["enforcement"]["enforced"] is True
    assert (await door.ask("GET", BTC)).json()["parameters"] == {"leverage": 4}


async def test_patch_keeps_what_it_does_not_name(door: Door) -> None:
    await door.set("symbol:BTCUSDT", leverage=5, enable_shorts=False)
    answer = await door.ask("PATCH", BTC, json={"parameters": {"leverage": 4}, **WHY}, headers=ANNA)
    assert answer.json()["parameters"] == {"leverage": 4, "enable_shorts": False}


async def test_unset_takes_parameters_out(door: Door) -> None:
    await door.set("symbol:BTCUSDT", leverage=5, enable_shorts=False)
    answer = await door.ask("POST", f"{BTC}/unset", json={"names": ["leverage"], **WHY}, headers=ANNA)
    assert answer.json()["parameters"] == {"enable_shorts": False}


@pytest.mark.parametrize("sent", [{"json": WHY}, {"params": WHY}])
async def test_delete_takes_its_reason_from_body_or_query(door: Door, sent: dict[str, object]) -> None:
    await door.set("symbol:BTCUSDT", leverage=5)
    answer = await door.ask("DELETE", BTC, headers=ANNA, **sent)
    assert (answer.json()["version"], answer.json()["parameters"]) == (2, None)
    (record, _) = door.authority.store.trail[::-1]
    assert (record.reason, record.thought_trace) == (WHY["reason"], WHY["thought_trace"])


async def test_a_strategy_id_may_hold_blanks_slashes_and_colons(door: Door) -> None:
    scope = "strategy:Iceberg Order Detector / v2:a"
    await door.set(scope, leverage=5)
    found = await door.ask("GET", f"{SCOPES}/strategy:Iceberg%20Order%20Detector%20%2F%20v2:a")
    assert found.json()["scope"] == scope
    history = await door.ask("GET", f"{SCOPES}/{scope}/history")
    assert [record["scope"] for record in history.json()["records"]] == [scope]


async def test_symbols_are_taken_in_any_case(door: Door) -> None:
    await door.set("symbol_side:btcusdt:LONG", leverage=5)
    assert (await door.ask("GET", f"{SCOPES}/symbol_side:BTCUSDT:LONG")).json()["version"] == 1
    history = await door.ask("GET", f"{SCOPES}/symbol_side:btcusdt:LONG/history")
    assert len(history.json()["records"]) == 1


@pytest.mark.parametrize("scope", ["nonsense", "symbol:", "symbol_side:BTCUSDT:long", "symbol:" + "A" * 200])
async def test_what_is_no_scope_is_refused_with_the_forms_that_exist(door: Door, scope: str) -> None:
    problem = is_problem(await door.ask("GET", f"{SCOPES}/{scope}"), 400, "usage")
    assert "scope" in problem["detail"]


async def test_scopes_are_listed_from_the_widest(door: Door) -> None:
    await door.set("symbol:BTCUSDT", leverage=5)
    await door.set("global", leverage=6)
    answer = await door.ask("GET", SCOPES)
    assert [layer["scope"] for layer in answer.json()["scopes"]] == ["global", "symbol:BTCUSDT"]


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', '"0", "1"', "*"])
async def test_a_version_that_the_caller_has_is_not_sent_again(door: Door, tag: str) -> None:
    await door.set("symbol:BTCUSDT", leverage=5)
    answer = await door.ask("GET", BTC, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", '"1"')
    assert (await door.ask("GET", BTC, headers={"If-None-Match": '"7"'})).status_code == 200


async def test_if_match_of_an_older_version_is_a_failed_precondition_that_names_the_present_one(door: Door) -> None:
    await door.set("symbol:BTCUSDT", leverage=5)
    sent = {"parameters": {"leverage": 4}, **WHY}
    problem = is_problem(await door.ask("PATCH", BTC, json=sent, headers={**ANNA, "If-Match": '"0"'}), 412, "conflict")
    assert problem["current_version"] == 1
    assert (await door.ask("PATCH", BTC, json=sent, headers={**ANNA, "If-Match": '"1"'})).status_code == 200


@pytest.mark.parametrize("tag", ['W/"1"', "1", '"one"', '"1", "2"', '"99999999999999999999"', ""])
async def test_an_if_match_that_this_service_never_gave_is_refused(door: Door, tag: str) -> None:
    sent = {"parameters": {"leverage": 4}, **WHY}
    is_problem(await door.ask("PUT", BTC, json=sent, headers={**ANNA, "If-Match": tag}), 400, "usage")
    assert door.authority.store.trail == []


async def test_a_change_beyond_the_budget_is_accepted_and_waits(door: Door) -> None:
    answer = await door.ask("PUT", f"{SCOPES}/global", json={"parameters": {"leverage": 20}, **WHY}, headers=BOT)
    assert (answer.status_code, answer.headers["etag"]) == (202, '"0"')
    assert answer.json()["proposal_id"] in door.authority.store.filed


async def test_a_preview_needs_no_token_and_writes_nothing(door: Door) -> None:
    answer = await door.ask("POST", f"{BTC}/preview", json={"kind": "patch", "parameters": {"leverage": 5}})
    body = answer.json()
    assert (body["would"], body["direction"], body["symbols"]) == ("apply", "tightens", ["BTCUSDT"])
    assert door.authority.store.writes == []


async def test_a_rollback_can_be_previewed(door: Door) -> None:
    await door.set("symbol:BTCUSDT", leverage=5)
    await door.set("symbol:BTCUSDT", leverage=4)
    for target in ({"to_version": 1}, {}):
        answer = await door.ask("POST", f"{BTC}/preview", json={"kind": "rollback", **target})
        (change,) = answer.json()["changes"]
        assert (change["before"], change["after"]) == (4, 5)


async def test_a_preview_that_does_not_say_what_it_is_hears_that_it_has_to(door: Door) -> None:
    problem = is_problem(await door.ask("POST", f"{BTC}/preview", json={"parameters": {"leverage": 4}}), 422, "invalid")
    assert problem["detail"] == "body: it has to say its 'kind'; /docs lists which there are"


async def test_nobody_can_pass_off_a_state_of_his_own_as_a_rollback(door: Door) -> None:
    # What a person rolls back to is exempt from the budget, because it was in force before.
    forged = {"kind": "rollback", "parameters": {"leverage": 100}, "target": "version 1"}
    is_problem(await door.ask("POST", f"{BTC}/preview", json=forged, headers=ANNA), 422, "invalid")
    is_problem(await door.ask("POST", f"{BTC}/rollback", json=forged, headers=ANNA), 422, "invalid")


async def test_rollback_brings_back_a_version_a_record_the_previous_state_and_no_config(door: Door) -> None:
    first = await door.set("symbol:BTCUSDT", leverage=5)
    await door.set("symbol:BTCUSDT", leverage=4)

    async def roll_back(**target: object) -> object:
        answer = await door.ask("POST", f"{BTC}/rollback", json={**target, **WHY}, headers=ANNA)
        assert answer.status_code == 200, answer.text
        return answer.json()["parameters"]

    assert await roll_back(to_version=1) == {"leverage": 5}
    assert await roll_back() == {"leverage": 4}
    assert await roll_back(to_record=first["audit_id"]) == {"leverage": 5}
    assert await roll_back(to_version=0) is None


@pytest.mark.parametrize(
    ("target", "status", "kind"),
    [
        ({"to_version": 9}, 404, "not-found"),
        ({"to_record": "none"}, 404, "not-found"),
        ({}, 404, "not-found"),
        ({"to_version": -1}, 422, "invalid"),
        ({"to_version": True}, 422, "invalid"),
        ({"to_version": "1"}, 422, "invalid"),
        ({"to_version": 1, "to_record": "id-1"}, 422, "invalid"),
    ],
)
async def test_a_rollback_to_nowhere_says_so(door: Door, target: dict[str, object], status: int, kind: str) -> None:
    is_problem(await door.ask("POST", f"{BTC}/rollback", json={**target, **WHY}, headers=ANNA), status, kind)


async def test_a_version_can_be_looked_at_with_the_change_that_made_it(door: Door) -> None:
    await door.set("symbol:BTCUSDT", leverage=5)
    await door.set("symbol:BTCUSDT", leverage=4)
    body = (await door.ask("GET", f"{BTC}/versions/1")).json()
    assert (body["parameters"], body["record"]["reason"]) == ({"leverage": 5}, WHY["reason"])
    nothing = (await door.ask("GET", f"{BTC}/versions/0")).json()
    assert (nothing["parameters"], nothing["record"]) == (None, None)
    is_problem(await door.ask("GET", f"{BTC}/versions/3"), 404, "not-found")


async def test_history_is_paged_newest_first_without_gaps_or_repetition(door: Door) -> None:
    for leverage in (9, 8, 7, 6, 5):
        await door.set("symbol:BTCUSDT", leverage=leverage)
    versions: list[int] = []
    cursor = None
    for size in (2, 2, 1):
        page = (
            await door.ask("GET", f"{BTC}/history", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        assert len(page["records"]) == size
        versions += [record["version"] for record in page["records"]]
        cursor = page["next"]
        await door.set("symbol:BTCUSDT", leverage=1 if size == 2 else 2)  # what comes in meanwhile moves no page
    assert (versions, cursor) == ([5, 4, 3, 2, 1], None)


async def test_records_of_older_engines_are_paged_too(door: Door) -> None:
    for leverage in (9, 8, 7, 6):
        await door.set("symbol:BTCUSDT", leverage=leverage)
    store = door.authority.store
    store.trail[:3] = [record.model_copy(update={"revision": None}) for record in store.trail[:3]]
    ids: list[str] = []
    cursor = None
    for _ in range(4):
        page = (
            await door.ask("GET", f"{BTC}/history", params={"limit": 1, **({"cursor": cursor} if cursor else {})})
        ).json()
        ids += [record["id"] for record in page["records"]]
        cursor = page["next"]
    assert (ids, cursor) == ([record.id for record in reversed(store.trail)], None)


@pytest.mark.parametrize("cursor", ["x", "r", "r-1", "o99999", "r1; drop"])
async def test_a_cursor_that_no_page_gave_is_refused(door: Door, cursor: str) -> None:
    is_problem(await door.ask("GET", f"{BTC}/history", params={"cursor": cursor}), 400, "usage")


@pytest.mark.parametrize("limit", [0, 201, -1])
async def test_a_page_has_1_to_200_records(door: Door, limit: int) -> None:
    is_problem(await door.ask("GET", f"{BTC}/history", params={"limit": limit}), 422, "invalid")


async def test_values_that_the_catalogue_refuses_are_named_one_by_one_with_suggestions(door: Door) -> None:
    sent = {"parameters": {"leverage": 500, "leverge": 5, "enable_longs": "yes"}, **WHY}
    problem = is_problem(await door.ask("PUT", BTC, json=sent, headers=ANNA), 422, "rejected")
    found = {each["field"]: (each["code"], each["suggested_value"]) for each in problem["errors"]}
    assert found["leverage"] == ("OUT_OF_RANGE", 125)
    assert found["leverge"] == ("UNKNOWN_PARAMETER", "leverage")
    assert found["enable_longs"][0] == "INVALID_TYPE"


async def test_an_agent_must_say_why(door: Door) -> None:
    problem = is_problem(await door.ask("PUT", BTC, json={"parameters": {"leverage": 4}}, headers=BOT), 400, "usage")
    assert "reason" in problem["detail"]


async def test_the_same_key_gets_the_first_answer_again(door: Door) -> None:
    headers = {**ANNA, "Idempotency-Key": "monday-1"}
    sent = {"parameters": {"leverage": 4}, **WHY}
    first = await door.ask("PUT", BTC, json=sent, headers=headers)
    again = await door.ask("PUT", BTC, json=sent, headers=headers)
    assert (again.json()["replayed"], again.json()["audit_id"]) == (True, first.json()["audit_id"])
    other = {"parameters": {"leverage": 3}, **WHY}
    is_problem(await door.ask("PUT", BTC, json=other, headers=headers), 409, "refused")
    assert len(door.authority.store.trail) == 1


@pytest.mark.parametrize("key", ["", "k" * 201, "a\tb"])
async def test_an_idempotency_key_must_be_readable(door: Door, key: str) -> None:
    sent = {"parameters": {"leverage": 4}, **WHY}
    is_problem(await door.ask("PUT", BTC, json=sent, headers={**ANNA, "Idempotency-Key": key}), 400, "usage")


async def test_the_request_id_reaches_the_audit_trail(door: Door) -> None:
    sent = {"parameters": {"leverage": 4}, **WHY}
    await door.ask("PUT", BTC, json=sent, headers={**ANNA, "X-Request-ID": "trace-7"})
    assert door.authority.store.trail[0].request_id == "trace-7"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "", {"parameters": {}}),
        ("PATCH", "", {"parameters": {}}),
        ("DELETE", "", None),
        ("POST", "/unset", {"names": ["leverage"]}),
        ("POST", "/rollback", {"to_version": 0}),
    ],
)
async def test_every_write_needs_a_token_that_allows_it(door: Door, method: str, path: str, body: object) -> None:
    answer = await door.ask(method, f"{BTC}{path}", json=body)
    is_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    is_problem(await door.ask(method, f"{BTC}{path}", json=body, headers=EVE), 403, "forbidden")
    assert door.authority.store.writes == []


async def test_unknown_keys_in_a_body_are_refused(door: Door) -> None:
    sent = {"parameters": {}, "changed_by": "somebody else"}
    problem = is_problem(await door.ask("PUT", BTC, json=sent, headers=BEN), 422, "invalid")
    assert [each["field"] for each in problem["errors"]] == ["body.changed_by"]


async def test_what_was_stored_as_nan_is_told_as_null(door: Door) -> None:
    text = PolicyLayer(scope="global", version=1, parameters={"odd": 1.5}).model_dump_json().replace("1.5", "NaN")
    door.authority.store.edit(Write(scope="global", layers={"global": text}))
    answer = await door.ask("GET", f"{SCOPES}/global")
    assert json.loads(answer.content)["parameters"] in ({"odd": None}, {})


@pytest.mark.parametrize(
    ("method", "below", "allowed"),
    [
        ("PUT", "history", "GET"),
        ("PATCH", "versions/3", "GET"),
        ("PUT", "rollback", "POST"),
        ("DELETE", "unset", "POST"),
        ("GET", "preview", "POST"),
    ],
)
async def test_a_route_below_a_scope_asked_the_wrong_way_is_no_scope_of_an_odd_name(
    door: Door, method: str, below: str, allowed: str
) -> None:
    body = {"parameters": {"leverage": 5}, **WHY} if method in {"PUT", "PATCH"} else None
    answer = await door.ask(method, f"{BTC}/{below}", json=body, headers=BEN)
    is_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == allowed
    assert door.authority.store.writes == []


async def test_a_misspelled_name_to_unset_is_refused_with_what_was_meant(door: Door) -> None:
    answer = await door.ask("POST", f"{BTC}/unset", json={"names": ["levrage"]}, headers=BEN)
    problem = is_problem(answer, 422, "rejected")
    assert [(each["field"], each["suggested_value"]) for each in problem["errors"]] == [("levrage", "leverage")]
