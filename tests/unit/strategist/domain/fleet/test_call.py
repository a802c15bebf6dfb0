"""Calls to bots as they go out, and replies as they are understood."""

import json
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.domain.access.caller import operator_at_the_console
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.fleet.bot import BotOperation, BotParameter, Place
from cio_strategist.domain.fleet.call import LONGEST_BODY, BotReply, make_call, signed
from cio_strategist.domain.fleet.paths import meant_by, nearest
from cio_strategist.errors import UsageError

STRATEGY = BotParameter("strategy_id", Place.PATH, {"type": "string"}, required=True)
READ = BotOperation(
    bot="ta",
    name="audit",
    method="GET",
    path="/api/v1/strategies/{strategy_id}/audit",
    parameters=(STRATEGY, BotParameter("limit", Place.QUERY, {"type": "integer"}, required=False)),
)
WRITE = BotOperation(
    bot="ta",
    name="update",
    method="POST",
    path="/api/v1/strategies/{strategy_id}/config",
    parameters=(STRATEGY, BotParameter("tag", Place.QUERY, {"type": "array"}, required=False)),
    body={"type": "object", "properties": {"parameters": {}, "changed_by": {}, "reason": {}}},
    body_required=True,
    writes=True,
)
REQUEST = ChangeRequest(operator_at_the_console("anna"), reason="calmer market")


def test_arguments_go_where_they_belong():
    call = make_call(READ, {"strategy_id": "Iceberg Order Detector", "limit": 5})
    assert call.path == "/api/v1/strategies/Iceberg%20Order%20Detector/audit"
    assert call.query == (("limit", "5"),)


@pytest.mark.parametrize(
    "value", [".", "..", "../x", "a/b", "a\\b", "..%2f", "a?b=1", "a#b", "", " ", "a\nb", "x" * 501]
)
def test_a_path_argument_cannot_lead_elsewhere(value):
    with pytest.raises(UsageError, match="strategy_id"):
        make_call(READ, {"strategy_id": value})


@given(st.text(min_size=1, max_size=20))
def test_a_path_argument_is_refused_or_stays_one_segment(value):
    try:
        path = make_call(READ, {"strategy_id": value}).path
    except UsageError:
        return
    assert path.count("/") == READ.path.count("/")
    assert unquote(path) == READ.path.replace("{strategy_id}", value)
    assert not set(path) & set("?#;& ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "needs strategy_id"),
        ({"strategy_id": "a", "limt": 1}, "knows no limt: it takes strategy_id, limit"),
        ({"strategy_id": "a", "limit": float("nan")}, "finite"),
        ({"strategy_id": "a", "limit": {"x": 1}}, "text or a number"),
        ({"strategy_id": "a", "limit": [1, 2]}, "one value"),
        ({"strategy_id": ["a"]}, "text or a number"),
    ],
)
def test_arguments_that_do_not_fit_are_named(arguments, says):
    with pytest.raises(UsageError, match=says):
        make_call(READ, arguments)


def test_what_may_come_several_times_does():
    call = make_call(WRITE, {"strategy_id": "a", "tag": ["x", True], "body": {}})
    assert call.query == (("tag", "x"), ("tag", "true"))


def test_a_body_that_is_missing_not_json_or_too_large_is_refused():
    for body, says in ((None, "needs body"), ({"x": float("inf")}, "JSON"), ({"x": "y" * LONGEST_BODY}, "too large")):
        with pytest.raises(UsageError, match=says):
            make_call(WRITE, {"strategy_id": "a", "body": body})


def test_author_and_reason_are_filled_in_where_they_are_missing():
    filled = signed(WRITE, {"strategy_id": "a", "body": {"parameters": {}}}, REQUEST)
    assert filled["body"] == {"parameters": {}, "changed_by": "anna", "reason": "calmer market"}


def test_author_and_reason_stay_as_the_caller_gave_them():
    given_body = {"changed_by": "llm_agent_v1", "reason": "because"}
    assert signed(WRITE, {"body": given_body}, REQUEST)["body"] == given_body


def test_nothing_is_filled_in_where_the_operation_has_no_place_for_it():
    assert signed(READ, {"strategy_id": "a"}, REQUEST) == {"strategy_id": "a"}


@pytest.mark.parametrize(
    ("reply", "refusal"),
    [
        (BotReply(200, {"success": True, "data": {}}), None),
        (BotReply(200, {"status": "ok"}), None),
        (BotReply(204), None),
        (
            BotReply(200, {"success": False, "error": {"code": "VALIDATION_ERROR", "message": "no"}}),
            "VALIDATION_ERROR: no",
        ),
        (BotReply(200, {"success": "true"}), "status 200, without a word of explanation"),
        (
            BotReply(429, {"success": False, "error": "rate_limit_exceeded", "reason": "cooldown"}),
            "rate_limit_exceeded: cooldown",
        ),
        (BotReply(404, {"detail": "Not Found"}), "Not Found"),
        (BotReply(422, {"detail": [{"loc": ["body", "x"], "msg": "Field required"}]}), "body.x: Field required"),
        (BotReply(503), "status 503, without a word of explanation"),
    ],
)
def test_a_refusal_is_told_apart_whatever_the_status(reply, refusal):
    assert reply.refused is (refusal is not None)
    assert reply.refusal == refusal


def test_the_route_with_the_fewest_placeholders_is_meant():
    fixed = BotOperation(bot="ta", name="refresh", method="GET", path="/api/v1/strategies/cache/audit")
    assert meant_by("GET", "/api/v1/strategies/cache/audit", [READ, fixed]).operation is fixed
    assert meant_by("GET", "/api/v1/strategies/a/audit", [READ, fixed]).arguments == {"strategy_id": "a"}
    assert meant_by("GET", "/api/v1/strategies//audit", [READ]) is None


def test_what_comes_nearest_is_another_method_or_a_path_alike():
    assert nearest("GET", "/api/v1/strategies/a/config", [READ, WRITE]) == (
        "POST /api/v1/strategies/{strategy_id}/config",
    )
    assert "GET /api/v1/strategies/{strategy_id}/audit" in nearest("GET", "/api/v1/strategies/a/audits", [READ])


def test_a_call_carries_its_body_as_json():
    assert json.loads(make_call(WRITE, {"strategy_id": "a", "body": {"x": "é"}}).body) == {"x": "é"}
