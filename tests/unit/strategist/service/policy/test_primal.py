"""Hard ceilings at the authority: nothing is set beyond them, whoever asks, and every attempt is in the trail."""

from typing import Any

import pytest

from cio_strategist.domain.policy.audit import HistoryFilter, Subject
from cio_strategist.domain.policy.edit import DeleteConfig, Edit, PatchParameters, SetParameters, UnsetParameters
from cio_strategist.domain.policy.outcome import OutcomeStatus
from cio_strategist.domain.policy.proposal import ProposalStatus
from cio_strategist.errors import ConflictError, PrimalLimitError, PrimalTouchedError, RejectedError
from cio_strategist.service.policy.config_manager import TradingConfigManager
from cio_strategist.service.policy.proposals import ProposalDesk
from cio_strategist.service.policy.writer import Writer
from petrosa_contracts import default_parameters
from petrosa_contracts.primal import BUILT_IN
from petrosa_contracts.primal.file import PrimalStanding
from tests.primal import SIGNED
from tests.strategist_fakes import CountingIds, FakePolicyStore, SetClock
from tests.strategist_records import layer_write
from tests.unit.strategist.authority import AGENT, BTC, GLOBAL, OPERATOR, REASON, THOUGHT, FakeAuthority, asking

BEYOND = {"leverage": 21}


@pytest.fixture
def authority() -> FakeAuthority:
    return FakeAuthority(primal=SIGNED)


async def refused(authority: FakeAuthority, edit: Edit, *, scope: str = GLOBAL, **asked: Any) -> PrimalLimitError:
    with pytest.raises(PrimalLimitError) as caught:
        await authority.manager.apply(edit, scope=scope, request=asking(**asked))
    return caught.value


@pytest.mark.parametrize("edit", [SetParameters(parameters=BEYOND), PatchParameters(parameters=BEYOND)])
async def test_a_value_beyond_a_limit_is_refused_and_recorded_and_nothing_changes(
    authority: FakeAuthority, edit: Edit
) -> None:
    await authority.manager.apply(PatchParameters(parameters={"leverage": 20}), scope=GLOBAL, request=asking())
    layers = authority.store.stored.layers
    error = await refused(authority, edit, request_id="r-1")
    assert str(error) == (
        "leverage of 21 x is above 20 x, the primal limit leverage of revision 3, which no running process can change; "
        "nothing was written"
    )
    assert authority.store.stored.layers == layers
    record = authority.store.trail[-1]
    assert record.id == error.audit_id
    assert (record.subject, record.action, record.edit, record.scope) == (
        Subject.REFUSAL,
        "refuse",
        edit.kind,
        GLOBAL,
    )
    assert (record.caller, record.caller_class, record.reason, record.thought_trace) == (
        "anna",
        "operator",
        REASON,
        THOUGHT,
    )
    assert (record.at, record.request_id) == (authority.clock.now(), "r-1")
    assert record.before == record.after == {"leverage": 20}
    assert (record.version_before, record.version) == (1, 1)
    (excess,) = record.refused
    assert (excess.name, excess.asked, excess.limit, excess.allowed, excess.revision) == (
        "leverage",
        21,
        "leverage",
        20,
        3,
    )


@pytest.mark.parametrize("caller", [OPERATOR, AGENT])
async def test_no_caller_and_no_budget_gets_beyond(authority: FakeAuthority, caller: Any) -> None:
    await refused(authority, PatchParameters(parameters={"max_leverage_bound": 100}), caller=caller)
    assert await authority.parameters(GLOBAL) is None
    assert await authority.proposals.all() == []


async def test_one_value_beyond_refuses_all_of_a_change_and_every_one_is_named(authority: FakeAuthority) -> None:
    asked = {"leverage": 21, "max_position_size_usd": 5001.0, "max_daily_trades": 5, "allowed_symbols": ["BTCEUR"]}
    error = await refused(authority, PatchParameters(parameters=asked))
    assert [each.name for each in error.excesses] == ["leverage", "max_position_size_usd", "allowed_symbols"]
    assert await authority.parameters(GLOBAL) is None


async def test_a_whole_set_with_defaults_beyond_the_limits_can_be_posted_back_with_one_value_tightened(
    authority: FakeAuthority,
) -> None:
    everything = {**default_parameters(), "leverage": 3}
    assert everything["max_leverage_bound"] == 125
    outcome = await authority.manager.apply(SetParameters(parameters=everything), scope=BTC, request=asking())
    assert outcome.status is OutcomeStatus.APPLIED


async def test_what_a_scope_set_before_the_limits_came_does_not_stop_other_changes(authority: FakeAuthority) -> None:
    authority.store.edit(layer_write(GLOBAL, leverage=50, max_daily_trades=50))
    await authority.manager.apply(PatchParameters(parameters={"max_daily_trades": 5}), scope=GLOBAL, request=asking())
    await refused(authority, PatchParameters(parameters={"leverage": 60}))
    await refused(authority, PatchParameters(parameters={"leverage": 40}))
    await authority.manager.apply(PatchParameters(parameters={"leverage": 20}), scope=GLOBAL, request=asking())
    assert await authority.parameters(GLOBAL) == {"leverage": 20, "max_daily_trades": 5}


@pytest.mark.parametrize("edit", [UnsetParameters(names=("leverage",)), DeleteConfig()])
async def test_taking_a_value_out_is_no_excess_even_where_a_wider_scope_is_beyond(
    authority: FakeAuthority, edit: Edit
) -> None:
    authority.store.edit(layer_write(GLOBAL, leverage=50))
    authority.store.edit(layer_write(BTC, leverage=40))
    assert (await authority.manager.apply(edit, scope=BTC, request=asking())).status is OutcomeStatus.APPLIED


async def test_a_rollback_to_a_state_beyond_the_limits_is_refused_and_recorded(authority: FakeAuthority) -> None:
    authority.store.edit(layer_write(GLOBAL, version=1, leverage=50))
    authority.store.edit(layer_write(GLOBAL, version=2, leverage=5))
    with pytest.raises(PrimalLimitError):
        await authority.manager.rollback(scope=GLOBAL, request=asking(), to_version=1)
    record = authority.store.trail[-1]
    assert (record.subject, record.edit, record.restored) == (Subject.REFUSAL, "rollback", "version 1")
    assert await authority.parameters(GLOBAL) == {"leverage": 5}


async def test_a_refusal_is_no_state_to_go_back_to(authority: FakeAuthority) -> None:
    await authority.manager.apply(PatchParameters(parameters={"leverage": 5}), scope=GLOBAL, request=asking())
    await authority.manager.apply(PatchParameters(parameters={"leverage": 4}), scope=GLOBAL, request=asking())
    error = await refused(authority, PatchParameters(parameters=BEYOND))
    outcome = await authority.manager.rollback(scope=GLOBAL, request=asking())
    assert outcome.parameters == {"leverage": 5}
    changes = await authority.store.records(HistoryFilter(scope=GLOBAL, subject=Subject.CONFIG), limit=9)
    assert error.audit_id not in {record.id for record in changes}


async def test_a_proposal_from_before_the_limits_cannot_be_approved_and_goes_on_waiting() -> None:
    before = FakeAuthority()
    change = PatchParameters(parameters={"leverage": 60})
    proposed = await before.manager.apply(change, scope=GLOBAL, request=asking(AGENT, changed_by="llm_v2"))
    assert proposed.proposal_id is not None
    writer = Writer(before.store, clock=before.clock, new_id=lambda: "refusal-1", history=before.store)
    desk = ProposalDesk(writer, before.store, second_factor=before.second_factor, primal=SIGNED.limits)
    with pytest.raises(PrimalLimitError):
        await desk.approve(proposed.proposal_id, request=asking())
    record = before.store.trail[-1]
    assert (record.id, record.subject, record.proposal_id) == ("refusal-1", Subject.REFUSAL, proposed.proposal_id)
    assert (record.caller, record.changed_by) == ("anna", "llm_v2")
    assert (await desk.one(proposed.proposal_id)).status is ProposalStatus.PENDING
    assert (await desk.reject(proposed.proposal_id, request=asking())).status is ProposalStatus.REJECTED


async def test_a_preview_is_refused_alike_and_as_a_question_it_is_not_recorded(authority: FakeAuthority) -> None:
    with pytest.raises(PrimalLimitError) as caught:
        await authority.manager.preview(PatchParameters(parameters=BEYOND), scope=GLOBAL, request=asking())
    assert caught.value.audit_id is None
    assert authority.store.trail == []


async def test_the_catalogue_and_the_version_are_looked_at_first(authority: FakeAuthority) -> None:
    with pytest.raises(RejectedError):
        await authority.manager.apply(PatchParameters(parameters={"leverage": 126}), scope=GLOBAL, request=asking())
    edit = PatchParameters(parameters=BEYOND)
    with pytest.raises(ConflictError):
        await authority.manager.apply(edit, scope=GLOBAL, request=asking(expect_version=7))


async def test_asked_again_with_the_same_key_it_is_refused_again(authority: FakeAuthority) -> None:
    edit = PatchParameters(parameters=BEYOND)
    first = await refused(authority, edit, idempotency_key="k")
    second = await refused(authority, edit, idempotency_key="k")
    assert {first.audit_id, second.audit_id} == {record.id for record in authority.store.trail}
    assert len(authority.store.trail) == 2


async def test_words_that_no_store_can_hold_keep_no_attempt_out_of_the_trail(authority: FakeAuthority) -> None:
    await refused(authority, PatchParameters(parameters=BEYOND), reason="more \ud800", thought_trace=None)
    with pytest.raises(PrimalTouchedError):
        await authority.primal.refuse({"leverage": "\ud800", "reason": "\ud800"}, caller=OPERATOR, request_id=None)
    assert [record.reason for record in authority.store.trail] == ["more \\ud800", "\\ud800"]
    assert all(record.model_dump_json() for record in authority.store.trail)


async def test_the_record_names_the_scope_as_it_is_stored(authority: FakeAuthority) -> None:
    await refused(authority, PatchParameters(parameters=BEYOND), scope="symbol:btcusdt")
    assert authority.store.trail[-1].scope == BTC


async def test_a_refusal_stands_where_it_cannot_be_recorded(authority: FakeAuthority) -> None:
    authority.store.fail_write = ConflictError("others kept changing policy")
    error = await refused(authority, PatchParameters(parameters=BEYOND))
    assert (error.audit_id, authority.store.trail) == (None, [])


async def test_straight_on_redis_the_limits_hold_as_well_and_nothing_is_written() -> None:
    store = FakePolicyStore()
    writer = Writer(store, clock=SetClock(), new_id=CountingIds())
    manager = TradingConfigManager(writer, primal=SIGNED.limits)
    with pytest.raises(PrimalLimitError) as caught:
        await manager.apply(PatchParameters(parameters=BEYOND), scope=GLOBAL, request=asking())
    assert (caught.value.audit_id, store.writes) == (None, [])


async def test_an_attempt_on_the_limits_themselves_is_refused_and_recorded(authority: FakeAuthority) -> None:
    with pytest.raises(PrimalTouchedError) as caught:
        await authority.primal.refuse({"leverage": 125, "nonsense": 1}, caller=AGENT, request_id=None)
    assert "no running process can change them" in str(caught.value)
    (record,) = authority.store.trail
    assert (record.subject, record.scope, record.edit, record.caller) == (
        Subject.REFUSAL,
        "primal",
        "primal",
        "strategist",
    )
    (excess,) = record.refused
    assert (excess.name, excess.asked, excess.allowed) == ("leverage", "125", 20)


def test_the_limits_are_shown_with_what_they_bound_and_whether_they_are_the_signed_ones(
    authority: FakeAuthority,
) -> None:
    view = authority.primal.view()
    assert (view.source, view.revision, view.digest) == ("file", 3, SIGNED.limits.digest())
    assert (view.limits["order_notional_usd"].value, view.limits["exposure_share"].value) == (5000, 0.8)
    assert view.limits["leverage"].bounds == ("leverage", "max_leverage_bound")
    assert view.limits["quote_assets"].value == ["USDC", "USDT"]
    built_in = FakeAuthority(primal=PrimalStanding(BUILT_IN, "limits.toml cannot be believed")).primal.view()
    assert (built_in.source, built_in.revision, built_in.problem) == ("built-in", 0, "limits.toml cannot be believed")
    off = FakeAuthority().primal.view()
    assert (off.source, off.revision, off.limits) == ("off", None, {})


def test_values_are_checked_but_for_wrong_ones_and_repeated_defaults(authority: FakeAuthority) -> None:
    asked = {**default_parameters(), "leverage": 21, "max_position_size_usd": "much", "nonsense": 1}
    assert [each.name for each in authority.primal.beyond(asked)] == ["leverage"]
    assert FakeAuthority().primal.beyond(asked) == ()
