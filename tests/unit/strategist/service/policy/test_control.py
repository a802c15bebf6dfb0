"""Halting and resuming through the authority, and straight on the gates' store."""

from datetime import timedelta

import pytest

from cio_strategist.domain.access.caller import ANONYMOUS
from cio_strategist.domain.policy.outcome import Enforcement, OutcomeStatus
from cio_strategist.errors import (
    ConflictError,
    ForbiddenError,
    RefusedError,
    SecondFactorError,
    UnauthenticatedError,
    UsageError,
)
from cio_strategist.service.policy.control import ControlDesk
from cio_strategist.service.policy.writer import Writer
from petrosa_contracts import Mode
from tests.strategist_fakes import CountingIds, FakePolicyStore, SetClock
from tests.strategist_records import control_write, entry
from tests.unit.strategist.authority import AGENT, BTC, CODE, GLOBAL, OPERATOR, FakeAuthority, asking


@pytest.fixture
def authority() -> FakeAuthority:
    return FakeAuthority()


async def mode_of(authority: FakeAuthority, scope: str) -> Mode | None:
    return next((control.entry.mode for control in await authority.reader.controls() if control.scope == scope), None)


async def test_an_agent_halts_at_once_and_cannot_resume(authority: FakeAuthority) -> None:
    outcome = await authority.control.impose(Mode.HALTED, scope=BTC, request=asking(AGENT))
    assert outcome.status is OutcomeStatus.APPLIED
    with pytest.raises(ForbiddenError):
        await authority.control.lift(scope=BTC, request=asking(AGENT), code=CODE)
    assert await mode_of(authority, BTC) is Mode.HALTED


async def test_an_operator_resumes_with_a_code_that_counts_once(authority: FakeAuthority) -> None:
    await authority.control.impose(Mode.HALTED, scope=BTC, request=asking())
    with pytest.raises(SecondFactorError):
        await authority.control.lift(scope=BTC, request=asking())
    await authority.control.lift(scope=BTC, request=asking(), code=CODE)
    assert await mode_of(authority, BTC) is None
    await authority.control.impose(Mode.HALTED, scope=BTC, request=asking())
    with pytest.raises(SecondFactorError):
        await authority.control.lift(scope=BTC, request=asking(), code=CODE)


async def test_a_laxer_mode_or_an_earlier_end_is_loosening(authority: FakeAuthority) -> None:
    await authority.control.impose(Mode.HALTED, scope=BTC, request=asking(AGENT))
    with pytest.raises(ForbiddenError):
        await authority.control.impose(Mode.SAFE, scope=BTC, request=asking(AGENT))
    with pytest.raises(SecondFactorError):
        await authority.control.impose(Mode.HALTED, scope=BTC, request=asking(), lasting=timedelta(hours=1))
    assert await mode_of(authority, BTC) is Mode.HALTED


async def test_a_stricter_mode_needs_no_code(authority: FakeAuthority) -> None:
    await authority.control.impose(Mode.SAFE, scope=BTC, request=asking(AGENT), lasting=timedelta(hours=1))
    await authority.control.impose(Mode.HALTED, scope=BTC, request=asking(AGENT), lasting=timedelta(hours=2))
    assert authority.second_factor.codes == [CODE]


async def test_freezing_is_an_operators_with_a_code(authority: FakeAuthority) -> None:
    with pytest.raises(ForbiddenError, match="FROZEN"):
        await authority.control.impose(Mode.FROZEN, scope=GLOBAL, request=asking(AGENT), code=CODE)
    with pytest.raises(SecondFactorError):
        await authority.control.impose(Mode.FROZEN, scope=GLOBAL, request=asking())
    await authority.control.impose(Mode.FROZEN, scope=GLOBAL, request=asking(), code=CODE)
    assert await mode_of(authority, GLOBAL) is Mode.FROZEN


async def test_thawing_is_an_operators_with_a_code(authority: FakeAuthority) -> None:
    await authority.control.impose(Mode.FROZEN, scope=GLOBAL, request=asking(), code=CODE)
    authority.second_factor.codes = ["654321"]
    with pytest.raises(ForbiddenError):
        await authority.control.lift(scope=GLOBAL, request=asking(AGENT), code=CODE)
    for laxer in (
        lambda: authority.control.lift(scope=GLOBAL, request=asking()),
        lambda: authority.control.impose(Mode.HALTED, scope=GLOBAL, request=asking()),
        lambda: authority.control.impose(Mode.FROZEN, scope=GLOBAL, request=asking(), lasting=timedelta(hours=1)),
    ):
        with pytest.raises(SecondFactorError):
            await laxer()
    assert await mode_of(authority, GLOBAL) is Mode.FROZEN
    await authority.control.lift(scope=GLOBAL, request=asking(), code="654321")
    assert await mode_of(authority, GLOBAL) is None


async def test_a_frozen_set_straight_in_redis_is_adopted_and_lifted_with_a_code_alone(
    authority: FakeAuthority,
) -> None:
    async def adopting() -> Enforcement:
        authority.enforcer.project = project  # type: ignore[method-assign]
        authority.store.edit(control_write(BTC, entry(Mode.FROZEN)))
        return await project()

    project = authority.enforcer.project
    authority.enforcer.project = adopting  # type: ignore[method-assign]
    with pytest.raises(SecondFactorError):
        await authority.control.lift(scope=BTC, request=asking())
    assert await mode_of(authority, BTC) is Mode.FROZEN
    await authority.control.lift(scope=BTC, request=asking(), code=CODE)
    assert await mode_of(authority, BTC) is None


async def test_a_halt_that_came_in_between_is_not_lifted_unseen(authority: FakeAuthority) -> None:
    async def halting() -> None:
        await authority.control.impose(Mode.HALTED, scope=BTC, request=asking(AGENT))

    await authority.control.impose(Mode.SAFE, scope=BTC, request=asking(AGENT), lasting=timedelta(hours=1))
    stored = authority.store.stored

    def got_between() -> None:
        authority.store.before_write = lambda: None
        write = authority.store.writes[0]
        authority.store.edit(write)

    authority.store.before_write = got_between
    # The first look sees a SAFE that ends before this one does; then another entry without an end is there.
    forever = FakeAuthority()
    await forever.control.impose(Mode.SAFE, scope=BTC, request=asking(AGENT))
    authority.store.writes[0] = forever.store.writes[0]
    with pytest.raises(ConflictError, match="meanwhile"):
        await authority.control.impose(Mode.SAFE, scope=BTC, request=asking(AGENT), lasting=timedelta(hours=2))
    assert stored.control != authority.store.stored.control


async def test_a_lift_takes_only_what_was_seen_when_the_code_was_given(authority: FakeAuthority) -> None:
    await authority.control.impose(Mode.SAFE, scope=BTC, request=asking(AGENT))

    def somebody_halts() -> None:
        authority.store.before_write = lambda: None
        authority.store.edit(control_write(BTC, entry()))

    authority.store.before_write = somebody_halts
    with pytest.raises(ConflictError, match="meanwhile"):
        await authority.control.lift(scope=BTC, request=asking(), code=CODE)
    assert await mode_of(authority, BTC) is Mode.HALTED


async def test_a_lift_concerns_what_was_set_straight_in_redis_too(authority: FakeAuthority) -> None:
    async def adopting() -> Enforcement:
        authority.enforcer.project = project  # type: ignore[method-assign]
        authority.store.edit(control_write(BTC, entry()))
        return await project()

    project = authority.enforcer.project
    authority.enforcer.project = adopting  # type: ignore[method-assign]
    outcome = await authority.control.lift(scope=BTC, request=asking(), code=CODE)
    assert (outcome.status, outcome.before) == (OutcomeStatus.APPLIED, (entry(),))
    assert await mode_of(authority, BTC) is None


async def test_nobody_changes_control_without_a_token_or_a_reason(authority: FakeAuthority) -> None:
    with pytest.raises(UnauthenticatedError):
        await authority.control.impose(Mode.HALTED, scope=BTC, request=asking(ANONYMOUS))
    with pytest.raises(UsageError, match="reason"):
        await authority.control.impose(Mode.HALTED, scope=BTC, request=asking(OPERATOR, reason="", thought_trace=None))


async def test_lifting_asked_twice_is_done_once_and_uses_one_code(authority: FakeAuthority) -> None:
    await authority.control.impose(Mode.HALTED, scope=BTC, request=asking())
    request = asking(idempotency_key="up")
    await authority.control.lift(scope=BTC, request=request, code=CODE)
    assert (await authority.control.lift(scope=BTC, request=request, code=CODE)).replayed


async def test_a_lift_says_what_still_restricts(authority: FakeAuthority) -> None:
    await authority.control.impose(Mode.HALTED, scope=BTC, request=asking())
    await authority.control.impose(Mode.SAFE, scope=GLOBAL, request=asking())
    outcome = await authority.control.lift(scope=BTC, request=asking(), code=CODE)
    assert outcome.still is not None
    assert "still SAFE by what is set for global" in outcome.still


async def test_straight_on_the_gates_store_there_is_no_code_and_no_frozen() -> None:
    clock = SetClock()
    desk = ControlDesk(Writer(FakePolicyStore(clock), clock=clock, new_id=CountingIds()))
    outcome = await desk.impose(Mode.HALTED, scope=BTC, request=asking())
    assert outcome.enforcement is not None
    assert outcome.enforcement.enforced
    await desk.lift(scope=BTC, request=asking())
    with pytest.raises(RefusedError, match="MONGODB_URI"):
        await desk.impose(Mode.FROZEN, scope=BTC, request=asking())


async def test_straight_on_the_gates_store_a_frozen_stays() -> None:
    clock = SetClock()
    store = FakePolicyStore(clock)
    store.edit(control_write(BTC, entry(Mode.FROZEN)))
    desk = ControlDesk(Writer(store, clock=clock, new_id=CountingIds()))
    for loosening in (
        desk.lift(scope=BTC, request=asking(), code=CODE),
        desk.impose(Mode.HALTED, scope=BTC, request=asking(), code=CODE),
        desk.impose(Mode.SAFE, scope=BTC, request=asking()),
    ):
        with pytest.raises(RefusedError, match="FROZEN"):
            await loosening
    assert len(store.writes) == 1
