"""The fleet: what is offered of the bots, who may call it, and what is remembered of them."""

from datetime import UTC, datetime

import pytest
import structlog

from cio_strategist.domain.access.caller import ANONYMOUS, Caller, CallerClass, Permission, operator_at_the_console
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.fleet.bot import Bot
from cio_strategist.domain.fleet.call import BotReply
from cio_strategist.errors import (
    BotError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    UnauthenticatedError,
    UsageError,
)
from cio_strategist.service.fleet.fleet import Fleet
from cio_strategist.service.fleet.last_good import FRESH_SECONDS, PAUSE_SECONDS
from tests.bots import BotState, FakeBots, bot_app
from tests.fakes import FakeClock

THOUGHT = "Volatility doubled within the hour, so a wider threshold keeps this strategy out of the noise for now."
ANNA = ChangeRequest(operator_at_the_console("anna"), reason="calmer")
AGENT = Caller("llm", CallerClass.AGENT, frozenset({Permission.READ, Permission.WRITE}), "t1")
READER = Caller("eve", CallerClass.AGENT, frozenset({Permission.READ}), "t2")
CHANGE = {"strategy_id": "doji_reversal", "body": {"parameters": {"window": 10}}}
APPLIED = BotReply(200, {"success": True, "data": {}})
REFUSED = BotReply(200, {"success": False, "error": {"code": "VALIDATION_ERROR", "message": "no such parameter"}})


def _listing(*names):
    return BotReply(200, {"success": True, "data": [{"strategy_id": name} for name in names]})


@pytest.fixture
def clock():
    return FakeClock(datetime(2026, 1, 5, 12, tzinfo=UTC))


@pytest.fixture
def bots():
    bots = FakeBots()
    bots.documents["ta"] = bot_app(BotState((), strict=False), application_routes=True).openapi()
    bots.documents["rt"] = bot_app(BotState((), strict=True), application_routes=False).openapi()
    return bots


@pytest.fixture
def fleet(bots, clock):
    return Fleet([Bot("ta", "http://ta"), Bot("rt", "http://rt")], bots, clock=clock)


async def test_what_bots_offer_is_read_once_a_minute(fleet, bots, clock):
    assert len(await fleet.offers()) == 2
    await fleet.operations("ta")
    assert bots.documents_read == 2
    clock.jump(FRESH_SECONDS)
    await fleet.operations("ta")
    assert bots.documents_read == 3


async def test_a_bot_that_is_away_keeps_its_operations_and_says_how_old_they_are(fleet, bots, clock):
    await fleet.status()
    bots.away.add("ta")
    clock.jump(FRESH_SECONDS + 30)
    ta, rt = await fleet.status()
    assert (ta.reachable, ta.age_seconds, ta.trouble) == (False, FRESH_SECONDS + 30, "bot ta is away")
    assert ta.operations > 10
    assert rt.reachable
    bots.away.clear()
    clock.jump(PAUSE_SECONDS)
    assert (await fleet.status())[0].reachable


async def test_a_bot_that_never_answered_is_an_error_of_its_own_and_nobody_elses(fleet, bots):
    bots.away.add("rt")
    assert [offer.bot.name for offer in await fleet.offers()] == ["ta"]
    assert (await fleet.status())[1].age_seconds is None
    with pytest.raises(BotError, match="bot rt is away"):
        await fleet.operations("rt")


async def test_an_unknown_bot_or_operation_is_named_with_what_there_is(fleet):
    with pytest.raises(NotFoundError, match=r"'nobody'; registered: ta, rt"):
        await fleet.operations("nobody")
    with pytest.raises(NotFoundError, match="update_global_config"):
        await fleet.call("ta", "update_global_confg", {}, ANNA)


async def test_a_read_is_open_to_everybody(fleet, bots):
    bots.replies.append(APPLIED)
    reply = await fleet.call("ta", "get_global_config", {"strategy_id": "x"}, ChangeRequest(ANONYMOUS))
    assert not reply.refused


@pytest.mark.parametrize("operation", ["update_global_config", "validate", "refresh_cache"])
async def test_everything_else_takes_a_token_that_allows_it(fleet, bots, operation):
    with pytest.raises(UnauthenticatedError):
        await fleet.call("ta", operation, {}, ChangeRequest(ANONYMOUS))
    with pytest.raises(ForbiddenError):
        await fleet.call("ta", operation, {}, ChangeRequest(READER))
    assert bots.sent == []


async def test_an_agent_writes_only_with_reason_and_thought_trace(fleet, bots):
    bots.replies.append(APPLIED)
    for incomplete in (ChangeRequest(AGENT), ChangeRequest(AGENT, "calmer"), ChangeRequest(AGENT, None, THOUGHT)):
        with pytest.raises(UsageError):
            await fleet.call("ta", "update_global_config", CHANGE, incomplete)
    assert bots.sent == []
    await fleet.call("ta", "update_global_config", CHANGE, ChangeRequest(AGENT, "calmer", THOUGHT))
    assert b'"changed_by": "llm"' in bots.sent[0][1].body
    assert b'"reason": "calmer"' in bots.sent[0][1].body


async def test_an_agent_may_validate_without_a_word(fleet, bots):
    bots.replies.append(APPLIED)
    await fleet.call("ta", "validate", {"body": {"parameters": {}}}, ChangeRequest(AGENT))
    assert len(bots.sent) == 1


async def test_a_delete_carries_author_and_reason_in_its_query(fleet, bots):
    bots.replies.append(APPLIED)
    await fleet.call("ta", "delete_global_config", {"strategy_id": "x"}, ANNA)
    assert bots.sent[0][1].query == (("changed_by", "anna"), ("reason", "calmer"))


async def test_a_condition_that_bots_do_not_know_is_refused_instead_of_ignored(fleet, bots):
    for extra in ({"idempotency_key": "k"}, {"expect_version": 3}):
        request = ChangeRequest(ANNA.caller, reason="calmer", **extra)
        with pytest.raises(RefusedError, match="nothing was sent"):
            await fleet.call("ta", "update_global_config", CHANGE, request)
    assert bots.sent == []


@pytest.mark.parametrize(
    ("reply", "outcome"), [(APPLIED, "accepted"), (REFUSED, "refused"), (BotReply(500), "refused")]
)
async def test_every_write_is_logged_with_its_outcome(fleet, bots, reply, outcome):
    bots.replies.append(reply)
    structlog.configure(wrapper_class=structlog.BoundLogger)
    with structlog.testing.capture_logs() as log:
        await fleet.call("ta", "update_global_config", CHANGE, ChangeRequest(AGENT, "calmer", THOUGHT, request_id="r1"))
    (entry,) = log
    assert entry["event"] == "bot_write"
    assert (entry["bot"], entry["outcome"], entry["caller"]) == ("ta", outcome, "llm")
    assert (entry["thought_trace"], entry["request_id"]) == (THOUGHT, "r1")


async def test_a_write_without_an_answer_is_logged_as_such(fleet, bots):
    await fleet.operations("ta")
    bots.away.add("ta")
    structlog.configure(wrapper_class=structlog.BoundLogger)
    with structlog.testing.capture_logs() as log, pytest.raises(BotError):
        await fleet.call("ta", "update_global_config", CHANGE, ANNA)
    assert [entry["outcome"] for entry in log] == ["unanswered"]


async def test_a_strategy_leads_to_the_bot_that_lists_it(fleet, bots):
    bots.replies += [_listing("doji"), _listing("iceberg_detector")]
    assert (await fleet.bot_of_strategy("doji")).name == bots.sent[0][0]
    assert len(bots.sent) == 2


async def test_an_unknown_strategy_is_told_with_what_may_be_meant(fleet, bots):
    bots.replies += [_listing("doji"), _listing("iceberg_detector")]
    with pytest.raises(NotFoundError, match="do you mean iceberg_detector"):
        await fleet.bot_of_strategy("Iceberg Detector")
    with pytest.raises(NotFoundError, match="there are doji, iceberg_detector"):
        await fleet.bot_of_strategy("zzz")


async def test_a_strategy_of_two_bots_is_nobodys_until_one_is_named(fleet, bots):
    bots.replies += [_listing("doji"), _listing("doji")]
    with pytest.raises(RefusedError, match="fleet/ta/strategies"):
        await fleet.bot_of_strategy("doji")


async def test_a_strategy_that_a_bot_away_may_have_is_not_said_to_be_nobodys(fleet, bots):
    bots.away.add("rt")
    bots.replies.append(_listing("doji"))
    with pytest.raises(BotError, match="bot rt is away"):
        await fleet.bot_of_strategy("iceberg_detector")
    assert (await fleet.bot_of_strategy("doji")).name == "ta"


@pytest.mark.parametrize("reply", [REFUSED, BotReply(200, {"success": True, "data": {}}), BotReply(200, [])])
async def test_a_list_of_strategies_that_cannot_be_read_is_the_bots_fault(fleet, bots, reply):
    bots.replies += [reply, reply]
    with pytest.raises(BotError, match="list"):
        await fleet.bot_of_strategy("doji")


async def test_a_bot_without_strategies_is_not_asked_for_them(bots, clock):
    bots.documents["socket"] = {"openapi": "3.1.0", "paths": {"/api/v1/config/streams": {"get": {}}}}
    fleet = Fleet([Bot("socket", "http://s")], bots, clock=clock)
    with pytest.raises(NotFoundError, match="no bot lists any"):
        await fleet.bot_of_strategy("doji")


def test_two_bots_of_one_name_are_refused(bots, clock):
    with pytest.raises(UsageError, match="two bots"):
        Fleet([Bot("ta", "http://a"), Bot("TA", "http://b")], bots, clock=clock)
