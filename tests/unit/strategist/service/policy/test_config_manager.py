"""Changing parameters through the authority."""

from dataclasses import replace

import pytest

from cio_strategist.domain.access.caller import ANONYMOUS
from cio_strategist.domain.policy.edit import DeleteConfig, PatchParameters, SetParameters, UnsetParameters
from cio_strategist.domain.policy.outcome import Direction, OutcomeStatus
from cio_strategist.domain.policy.stored import Answer, Write
from cio_strategist.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    RejectedError,
    StoreUnreachableError,
    UnauthenticatedError,
    UsageError,
)
from tests.strategist_fakes import FakePolicyStore, SetClock
from tests.unit.strategist.authority import AGENT, BTC, GLOBAL, OPERATOR, FakeAuthority, asking


def patch(**parameters: object) -> PatchParameters:
    return PatchParameters(parameters=parameters)


@pytest.fixture
def authority() -> FakeAuthority:
    return FakeAuthority()


async def test_a_change_is_recorded_with_both_states_and_all_circumstances(authority: FakeAuthority) -> None:
    await authority.manager.apply(SetParameters(parameters={"leverage": 5}), scope=BTC, request=asking())
    request = asking(AGENT, changed_by="llm_v2", request_id="r-1")
    outcome = await authority.manager.apply(patch(leverage=4, max_daily_trades=9), scope=BTC, request=request)
    assert (outcome.status, outcome.version, outcome.direction) == (OutcomeStatus.APPLIED, 2, Direction.TIGHTENS)
    assert outcome.parameters == {"leverage": 4, "max_daily_trades": 9}
    record = authority.store.trail[-1]
    assert record.id == outcome.audit_id
    assert (record.before, record.after) == ({"leverage": 5}, {"leverage": 4, "max_daily_trades": 9})
    assert (record.version_before, record.version, record.action, record.edit) == (1, 2, "update", "patch")
    assert (record.changed_by, record.caller, record.caller_class) == ("llm_v2", "strategist", "agent")
    assert (record.reason, record.thought_trace) == (request.reason, request.thought_trace)
    assert record.request_id == "r-1"


async def test_a_change_that_changes_nothing_writes_nothing(authority: FakeAuthority) -> None:
    await authority.manager.apply(patch(leverage=5), scope=BTC, request=asking())
    outcome = await authority.manager.apply(patch(leverage=5), scope=BTC, request=asking())
    assert (outcome.status, outcome.version, outcome.enforcement) == (OutcomeStatus.UNCHANGED, 1, None)
    assert len(authority.store.writes) == 1


async def test_every_error_is_named_with_a_suggestion(authority: FakeAuthority) -> None:
    with pytest.raises(RejectedError) as caught:
        await authority.manager.apply(patch(position_size_pct=2.0, leverage=True), scope=BTC, request=asking())
    size, leverage = caught.value.errors
    assert (size.field, size.suggested_value) == ("position_size_pct", 0.02)
    assert "looks like a percent" in size.message
    assert leverage.code == "INVALID_TYPE"
    assert authority.store.writes == []


async def test_the_loser_of_two_writers_learns_the_current_version(authority: FakeAuthority) -> None:
    await authority.manager.apply(patch(leverage=5), scope=BTC, request=asking())
    await authority.manager.apply(patch(leverage=4), scope=BTC, request=asking(expect_version=1))
    with pytest.raises(ConflictError, match="at version 2, not 1") as caught:
        await authority.manager.apply(patch(leverage=3), scope=BTC, request=asking(expect_version=1))
    assert caught.value.current_version == 2


async def test_a_writer_that_got_in_between_makes_a_change_be_decided_again(authority: FakeAuthority) -> None:
    def once() -> None:
        authority.store.before_write = lambda: None
        authority.store.edit(Write(scope=None))

    authority.store.before_write = once
    assert (await authority.manager.apply(patch(leverage=5), scope=BTC, request=asking())).version == 1


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (asking(ANONYMOUS), UnauthenticatedError),
        (asking(replace(AGENT, permissions=frozenset())), ForbiddenError),
        (asking(AGENT, thought_trace=None), UsageError),
        (asking(AGENT, thought_trace="because because because because because because"), UsageError),
        (asking(AGENT, reason=" "), UsageError),
    ],
)
async def test_whoever_may_not_or_does_not_say_why_changes_nothing(
    authority: FakeAuthority, request_: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await authority.manager.apply(patch(leverage=5), scope=BTC, request=request_)  # type: ignore[arg-type]
    assert authority.store.writes == []


async def test_an_operator_need_not_explain(authority: FakeAuthority) -> None:
    request = asking(OPERATOR, reason=None, thought_trace=None)
    assert (await authority.manager.apply(patch(leverage=5), scope=BTC, request=request)).version == 1


async def test_loosening_within_the_budget_is_immediate_and_beyond_it_waits(authority: FakeAuthority) -> None:
    first = await authority.manager.apply(patch(leverage=11), scope=GLOBAL, request=asking(AGENT))
    assert first.status is OutcomeStatus.APPLIED
    second = await authority.manager.apply(patch(leverage=13), scope=GLOBAL, request=asking(AGENT))
    assert second.status is OutcomeStatus.PENDING
    assert second.version == 1
    assert await authority.parameters(GLOBAL) == {"leverage": 11}
    assert "leverage would be loosened by 18%, and 10% was used" in second.message
    authority.clock.advance(hours=1)
    third = await authority.manager.apply(patch(leverage=13), scope=GLOBAL, request=asking(AGENT))
    assert third.status is OutcomeStatus.APPLIED


async def test_tightening_is_always_immediate(authority: FakeAuthority) -> None:
    edit = patch(leverage=1, max_position_size_usd=1.0, enabled=False)
    outcome = await authority.manager.apply(edit, scope=GLOBAL, request=asking(AGENT))
    assert (outcome.status, outcome.direction) == (OutcomeStatus.APPLIED, Direction.TIGHTENS)


async def test_each_class_has_a_budget_of_its_own(authority: FakeAuthority) -> None:
    assert (await authority.manager.apply(patch(leverage=12), scope=GLOBAL, request=asking(AGENT))).version == 1
    outcome = await authority.manager.apply(patch(leverage=30), scope=GLOBAL, request=asking())
    assert outcome.status is OutcomeStatus.APPLIED


async def test_removing_a_limit_that_wider_scopes_do_not_hold_is_loosening(authority: FakeAuthority) -> None:
    await authority.manager.apply(patch(leverage=2), scope=BTC, request=asking(AGENT))
    outcome = await authority.manager.apply(UnsetParameters(names=("leverage",)), scope=BTC, request=asking(AGENT))
    assert outcome.status is OutcomeStatus.PENDING


async def test_a_preview_tells_what_would_become_of_it_and_writes_nothing(authority: FakeAuthority) -> None:
    await authority.manager.apply(patch(leverage=7), scope="strategy:a", request=asking())
    before = len(authority.store.writes)
    preview = await authority.manager.preview(patch(leverage=20), scope=GLOBAL, request=asking(AGENT))
    assert (preview.would, preview.direction, preview.version) == ("need_approval", Direction.LOOSENS, 0)
    (effect,) = preview.effects
    assert (effect.before, effect.after, effect.loosening) == (10, 20, 1.0)
    assert effect.overridden_in == ("strategy:a",)
    assert preview.strategies == ("a",)
    (budget,) = preview.budgets
    assert (budget.asked, budget.used, budget.allowed) == (1.0, 0.0, 0.2)
    assert len(authority.store.writes) == before


async def test_a_preview_needs_no_reason_and_says_when_nothing_would_change(authority: FakeAuthority) -> None:
    request = asking(ANONYMOUS, reason=None, thought_trace=None)
    preview = await authority.manager.preview(DeleteConfig(), scope=BTC, request=request)
    assert (preview.would, preview.effects) == ("change_nothing", ())


async def test_every_kind_of_rollback_is_a_new_version(authority: FakeAuthority) -> None:
    first = await authority.manager.apply(patch(leverage=5), scope=BTC, request=asking())
    await authority.manager.apply(patch(max_daily_trades=9), scope=BTC, request=asking())
    assert first.audit_id is not None
    to_version = await authority.manager.rollback(scope=BTC, to_version=1, request=asking())
    assert (to_version.version, to_version.parameters) == (3, {"leverage": 5})
    previous = await authority.manager.rollback(scope=BTC, request=asking())
    assert (previous.version, previous.parameters) == (4, {"leverage": 5, "max_daily_trades": 9})
    to_record = await authority.manager.rollback(scope=BTC, to_record=first.audit_id, request=asking())
    assert (to_record.version, to_record.parameters) == (5, {"leverage": 5})
    none = await authority.manager.rollback(scope=BTC, to_version=0, request=asking())
    assert (none.version, none.parameters) == (6, None)
    assert await authority.parameters(BTC) is None
    back = await authority.manager.rollback(scope=BTC, request=asking())
    assert (back.version, back.parameters) == (7, {"leverage": 5})


async def test_the_previous_state_of_a_scope_is_its_own(authority: FakeAuthority) -> None:
    await authority.manager.apply(patch(leverage=5), scope=BTC, request=asking())
    await authority.manager.apply(patch(leverage=4), scope="symbol_side:BTCUSDT:LONG", request=asking())
    await authority.manager.apply(patch(leverage=3), scope="strategy:a", request=asking())
    outcome = await authority.manager.rollback(scope=BTC, request=asking())
    assert outcome.parameters is None
    with pytest.raises(NotFoundError, match="no previous state"):
        await authority.manager.rollback(scope=GLOBAL, request=asking())


async def test_a_record_of_another_scope_is_not_restored(authority: FakeAuthority) -> None:
    other = await authority.manager.apply(patch(leverage=5), scope="strategy:a", request=asking())
    with pytest.raises(NotFoundError, match="no audit record"):
        await authority.manager.rollback(scope=GLOBAL, to_record=other.audit_id, request=asking())


@pytest.mark.parametrize(("version", "error"), [(9, NotFoundError), (-1, UsageError)])
async def test_a_version_that_never_was_is_not_restored(
    authority: FakeAuthority, version: int, error: type[Exception]
) -> None:
    await authority.manager.apply(patch(leverage=5), scope=BTC, request=asking())
    with pytest.raises(error):
        await authority.manager.rollback(scope=BTC, to_version=version, request=asking())


async def test_an_operator_rolls_back_whatever_it_loosens_and_an_agent_within_its_budget(
    authority: FakeAuthority,
) -> None:
    await authority.manager.apply(patch(leverage=1), scope=GLOBAL, request=asking())
    waits = await authority.manager.rollback(scope=GLOBAL, to_version=0, request=asking(AGENT))
    assert waits.status is OutcomeStatus.PENDING
    done = await authority.manager.rollback(scope=GLOBAL, to_version=0, request=asking())
    assert done.status is OutcomeStatus.APPLIED
    assert authority.store.trail[-1].loosening == {}


async def test_a_request_asked_twice_is_done_once(authority: FakeAuthority) -> None:
    request = asking(idempotency_key="k-1")
    first = await authority.manager.apply(patch(leverage=5), scope=BTC, request=request)
    await authority.manager.apply(patch(leverage=4), scope=BTC, request=asking())
    again = await authority.manager.apply(patch(leverage=5), scope=BTC, request=request)
    assert (again.version, again.audit_id, again.replayed) == (1, first.audit_id, True)
    assert await authority.parameters(BTC) == {"leverage": 4}
    with pytest.raises(RefusedError, match="another request"):
        await authority.manager.apply(patch(leverage=3), scope=BTC, request=request)


async def test_a_request_that_arrives_twice_at_once_gets_one_answer_twice() -> None:
    class LookedTooEarly(FakePolicyStore):
        early = False

        async def answer(self, key: str) -> Answer | None:
            early, self.early = self.early, False
            return None if early else await super().answer(key)

    store = LookedTooEarly(SetClock())
    manager, request = FakeAuthority(store).manager, asking(idempotency_key="k-1")
    await manager.apply(patch(leverage=5), scope=BTC, request=request)
    store.early = True
    outcome = await manager.apply(patch(leverage=5), scope=BTC, request=request)
    assert (outcome.status, outcome.version, outcome.replayed) == (OutcomeStatus.APPLIED, 1, True)
    assert len(store.trail) == 1


async def test_a_rollback_without_a_reason_says_what_it_brought_back(authority: FakeAuthority) -> None:
    for leverage in (5, 4):
        await authority.manager.apply(patch(leverage=leverage), scope=BTC, request=asking())
    await authority.manager.rollback(scope=BTC, request=asking(reason=None, thought_trace=None), to_version=1)
    assert authority.store.trail[-1].reason == "rollback to version 1"


async def test_a_preview_says_in_words_what_happens_to_risk(authority: FakeAuthority) -> None:
    async def told(**parameters: object) -> str:
        return (await authority.manager.preview(patch(**parameters), scope=BTC, request=asking())).message

    assert (await told(leverage=5)).endswith("which tightens risk limits")
    assert (await told(time_in_force="IOC")).endswith("which leaves risk limits as they are")
    assert (await told(leverage=5, max_daily_trades=110)).endswith("which tightens some risk limits and loosens others")


async def test_a_rollback_asked_twice_is_done_once(authority: FakeAuthority) -> None:
    await authority.manager.apply(patch(leverage=5), scope=BTC, request=asking())
    await authority.manager.apply(patch(leverage=4), scope=BTC, request=asking())
    request = asking(idempotency_key="undo")
    await authority.manager.rollback(scope=BTC, request=request)
    again = await authority.manager.rollback(scope=BTC, request=request)
    assert (again.version, again.replayed) == (3, True)
    assert await authority.parameters(BTC) == {"leverage": 5}


async def test_an_answer_that_got_lost_is_found_again(authority: FakeAuthority) -> None:
    authority.store.lose_answer = True
    request = asking(idempotency_key="k-1")
    with pytest.raises(StoreUnreachableError):
        await authority.manager.apply(patch(leverage=5), scope=BTC, request=request)
    again = await authority.manager.apply(patch(leverage=5), scope=BTC, request=request)
    assert (again.version, again.replayed) == (1, True)


async def test_the_caller_is_told_when_a_change_is_not_enforced_yet(authority: FakeAuthority) -> None:
    authority.enforcer.enforced = False
    outcome = await authority.manager.apply(patch(leverage=5), scope=BTC, request=asking())
    assert outcome.status is OutcomeStatus.APPLIED
    assert outcome.enforcement is not None
    assert not outcome.enforcement.enforced
    assert await authority.parameters(BTC) == {"leverage": 5}


async def test_a_store_that_is_away_is_read_from_where_the_gates_read_and_not_written(
    authority: FakeAuthority,
) -> None:
    authority.redis.edit(Write(scope=None))
    authority.store.up = False
    assert (await authority.reader.layer(BTC)).source.name == "redis"
    with pytest.raises(StoreUnreachableError):
        await authority.manager.apply(patch(leverage=5), scope=BTC, request=asking())
