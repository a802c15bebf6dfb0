"""What waits for an operator."""

import pytest

from cio_strategist.domain.policy.config_change import MOST_PENDING
from cio_strategist.domain.policy.edit import PatchParameters
from cio_strategist.domain.policy.outcome import OutcomeStatus
from cio_strategist.domain.policy.proposal import ProposalStatus
from cio_strategist.errors import ConflictError, ForbiddenError, NotFoundError, RefusedError, SecondFactorError
from tests.unit.strategist.authority import (
    AGENT,
    BTC,
    CODE,
    GLOBAL,
    OPERATOR,
    OTHER_OPERATOR,
    FakeAuthority,
    asking,
)


@pytest.fixture
def authority() -> FakeAuthority:
    return FakeAuthority()


async def propose(authority: FakeAuthority, leverage: int = 20) -> str:
    looser = PatchParameters(parameters={"leverage": leverage})
    outcome = await authority.manager.apply(looser, scope=GLOBAL, request=asking(AGENT, changed_by="llm_v2"))
    assert outcome.status is OutcomeStatus.PENDING
    assert outcome.proposal_id is not None
    return outcome.proposal_id


async def test_an_approved_proposal_is_carried_out_under_its_authors_name(authority: FakeAuthority) -> None:
    proposal_id = await propose(authority)
    outcome = await authority.proposals.approve(proposal_id, request=asking(reason="seen and agreed"))
    assert (outcome.status, outcome.parameters) == (OutcomeStatus.APPLIED, {"leverage": 20})
    record = authority.store.trail[-1]
    assert (record.changed_by, record.caller, record.proposal_id) == ("llm_v2", "anna", proposal_id)
    assert record.loosening == {}
    proposal = await authority.proposals.one(proposal_id)
    assert (proposal.status, proposal.decided_by, proposal.audit_id) == (ProposalStatus.APPROVED, "anna", record.id)


async def test_a_rejected_proposal_changes_nothing_and_cannot_be_approved(authority: FakeAuthority) -> None:
    proposal_id = await propose(authority)
    rejected = await authority.proposals.reject(proposal_id, request=asking(reason="not before the funding"))
    assert (rejected.status, rejected.decision_reason) == (ProposalStatus.REJECTED, "not before the funding")
    with pytest.raises(ConflictError, match="decided already"):
        await authority.proposals.approve(proposal_id, request=asking())
    assert await authority.parameters(GLOBAL) is None


async def test_of_two_proposals_on_one_version_the_second_becomes_stale(authority: FakeAuthority) -> None:
    first, second = await propose(authority), await propose(authority, leverage=30)
    await authority.proposals.approve(first, request=asking())
    assert (await authority.proposals.one(second)).status is ProposalStatus.STALE
    with pytest.raises(ConflictError, match="stale") as caught:
        await authority.proposals.approve(second, request=asking())
    assert caught.value.current_version == 1


async def test_a_change_of_the_scope_leaves_nothing_waiting_that_nobody_can_approve(authority: FakeAuthority) -> None:
    proposal_id = await propose(authority)
    await authority.manager.apply(PatchParameters(parameters={"leverage": 3}), scope=GLOBAL, request=asking())
    assert await authority.proposals.all(ProposalStatus.PENDING) == []
    stale = await authority.proposals.one(proposal_id)
    assert (stale.status, stale.decided_by, stale.audit_id) == (ProposalStatus.STALE, None, None)


async def test_who_asks_again_for_what_waits_is_told_of_the_same_proposal(authority: FakeAuthority) -> None:
    first = await propose(authority)
    assert await propose(authority) == first
    assert await propose(authority, leverage=30) != first
    assert len(await authority.proposals.all(ProposalStatus.PENDING)) == 2


async def test_a_code_is_not_used_up_by_what_can_no_longer_be_approved(authority: FakeAuthority) -> None:
    beyond = PatchParameters(parameters={"leverage": 100})
    outcome = await authority.manager.apply(beyond, scope=GLOBAL, request=asking(OPERATOR))
    assert outcome.proposal_id is not None
    await authority.proposals.reject(outcome.proposal_id, request=asking(OPERATOR))
    with pytest.raises(ConflictError, match="decided already"):
        await authority.proposals.approve(outcome.proposal_id, request=asking(OPERATOR))


async def test_a_proposal_survives_changes_of_other_scopes(authority: FakeAuthority) -> None:
    proposal_id = await propose(authority)
    await authority.manager.apply(PatchParameters(parameters={"leverage": 3}), scope=BTC, request=asking())
    assert (await authority.proposals.approve(proposal_id, request=asking())).status is OutcomeStatus.APPLIED


async def test_agents_decide_no_proposals(authority: FakeAuthority) -> None:
    proposal_id = await propose(authority)
    with pytest.raises(ForbiddenError):
        await authority.proposals.approve(proposal_id, request=asking(AGENT))
    with pytest.raises(ForbiddenError):
        await authority.proposals.reject(proposal_id, request=asking(AGENT))


async def test_approving_ones_own_takes_the_second_factor(authority: FakeAuthority) -> None:
    beyond = PatchParameters(parameters={"leverage": 100})
    outcome = await authority.manager.apply(beyond, scope=GLOBAL, request=asking(OPERATOR))
    assert outcome.proposal_id is not None
    with pytest.raises(SecondFactorError):
        await authority.proposals.approve(outcome.proposal_id, request=asking(OPERATOR))
    approved = await authority.proposals.approve(outcome.proposal_id, request=asking(OPERATOR), code=CODE)
    assert approved.parameters == {"leverage": 100}


async def test_another_operator_needs_no_second_factor(authority: FakeAuthority) -> None:
    beyond = PatchParameters(parameters={"leverage": 100})
    outcome = await authority.manager.apply(beyond, scope=GLOBAL, request=asking(OPERATOR))
    assert outcome.proposal_id is not None
    approved = await authority.proposals.approve(outcome.proposal_id, request=asking(OTHER_OPERATOR))
    assert approved.status is OutcomeStatus.APPLIED


async def test_what_was_approved_does_not_use_up_anybodys_budget(authority: FakeAuthority) -> None:
    await authority.proposals.approve(await propose(authority), request=asking())
    small = PatchParameters(parameters={"leverage": 24})
    assert (await authority.manager.apply(small, scope=GLOBAL, request=asking(AGENT))).status is OutcomeStatus.APPLIED


async def test_an_approval_asked_twice_is_done_once(authority: FakeAuthority) -> None:
    proposal_id = await propose(authority)
    request = asking(idempotency_key="yes")
    await authority.proposals.approve(proposal_id, request=request)
    assert (await authority.proposals.approve(proposal_id, request=request)).replayed


async def test_a_stale_one_is_a_conflict_however_often_it_is_asked(authority: FakeAuthority) -> None:
    first, second = await propose(authority), await propose(authority, leverage=30)
    await authority.proposals.approve(first, request=asking())
    for _ in range(2):
        with pytest.raises(ConflictError, match="stale"):
            await authority.proposals.approve(second, request=asking(idempotency_key="yes"))


async def test_only_so_many_wait_at_once(authority: FakeAuthority) -> None:
    first = await propose(authority)
    waiting = await authority.proposals.one(first)
    for number in range(1, MOST_PENDING):
        authority.store.filed[f"more-{number}"] = waiting.model_copy(update={"id": f"more-{number}"})
    with pytest.raises(RefusedError, match="wait for an operator already"):
        await propose(authority, leverage=30)
    await authority.proposals.reject(first, request=asking())
    await propose(authority, leverage=30)


async def test_a_proposal_that_does_not_exist_is_named(authority: FakeAuthority) -> None:
    with pytest.raises(NotFoundError, match="no proposal 'nope'"):
        await authority.proposals.approve("nope", request=asking())
