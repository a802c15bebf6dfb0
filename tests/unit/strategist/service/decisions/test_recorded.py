import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from cio_strategist.domain.decisions.filter import DecisionFilter
from cio_strategist.domain.decisions.whatif import PolicyPatch
from cio_strategist.domain.policy.edit import PatchParameters
from cio_strategist.errors import BusyError, NotFoundError, StoreUnreadableError
from cio_strategist.service.decisions.recorded import MOST_SIMULATED, RecordedDecisions
from petrosa_contracts import Code
from tests.builders import NOW
from tests.decision_fakes import FakeArchive
from tests.records import recorded, small_orders
from tests.strategist_fakes import SetClock
from tests.unit.strategist.authority import GLOBAL, OPERATOR, REASON, FakeAuthority, asking

LOOSE = PolicyPatch.read({"global": {"max_position_size_usd": 1000}})
VETOED = "a" * 32


@pytest.fixture
def authority() -> FakeAuthority:
    return FakeAuthority()


async def test_an_explanation_names_who_set_the_limit_when_and_why(authority: FakeAuthority) -> None:
    made = await authority.manager.apply(
        PatchParameters(parameters={"max_position_size_usd": 100}), scope=GLOBAL, request=asking()
    )
    authority.archive.records = [recorded(small_orders(version=made.version), decision_id=VETOED)]
    found = await authority.decisions.explanation(VETOED)
    (breach,) = found.breaches
    assert breach.origin is not None
    assert (breach.origin.set_by, breach.origin.reason, breach.origin.version) == (OPERATOR.name, REASON, made.version)
    assert breach.origin.audit_id == made.audit_id
    assert found.policy_that_passes is not None
    assert found.policy_that_passes.parameters == {"max_position_size_usd": 500.0}


async def test_of_a_withdrawn_approval_the_withdrawal_is_explained(authority: FakeAuthority) -> None:
    late = recorded(decision_id=VETOED, circumstances={"audit_available": False})
    authority.archive.records = [late.model_copy(update={"withdraws": True}), recorded(decision_id=VETOED)]
    (breach,) = (await authority.decisions.explanation(VETOED)).breaches
    assert breach.breach.code is Code.AUDIT_UNAVAILABLE


async def test_what_is_not_on_record_is_not_found(authority: FakeAuthority) -> None:
    with pytest.raises(NotFoundError):
        await authority.decisions.explanation(VETOED)


async def test_a_record_of_a_later_form_is_shown_and_not_explained(authority: FakeAuthority) -> None:
    later = recorded(decision_id=VETOED).model_copy(update={"form": 2})
    authority.archive.records = [later]
    assert await authority.decisions.record(VETOED) == later.model_dump_json()
    with pytest.raises(StoreUnreadableError):
        await authority.decisions.explanation(VETOED)


async def test_a_simulation_looks_at_so_many_decisions_at_most(authority: FakeAuthority) -> None:
    authority.archive.records = [recorded(small_orders())] * 3
    assert (await authority.decisions.simulate(LOOSE, DecisionFilter(), limit=2)).gained.count == 2
    await authority.decisions.simulate(LOOSE, DecisionFilter(), limit=10 * MOST_SIMULATED)
    assert [limit for _, limit in authority.archive.asked] == [2, MOST_SIMULATED]


class SlowArchive(FakeArchive):
    """Hands out nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for, self.go_on = asyncio.Event(), asyncio.Event()

    async def bodies(self, wanted: DecisionFilter, *, limit: int | None) -> AsyncIterator[Sequence[str]]:
        self.asked_for.set()
        await self.go_on.wait()
        async for bodies in super().bodies(wanted, limit=limit):
            yield bodies


async def test_one_simulation_runs_at_a_time() -> None:
    archive = SlowArchive()
    archive.records = [recorded(small_orders())]
    decisions = RecordedDecisions(archive, None, clock=SetClock())
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(decisions.simulate(LOOSE, DecisionFilter(), limit=1))
        await archive.asked_for.wait()
        with pytest.raises(BusyError):
            await decisions.simulate(LOOSE, DecisionFilter(), limit=1)
        archive.go_on.set()
    assert first.result().gained.count == 1
    assert (await decisions.simulate(LOOSE, DecisionFilter(), limit=1)).gained.count == 1


async def test_a_preview_is_tried_on_the_last_hour(authority: FakeAuthority) -> None:
    authority.clock.advance(seconds=(NOW - authority.clock.now()).total_seconds())
    authority.archive.records = [recorded(small_orders())]
    edit = PatchParameters(parameters={"max_position_size_usd": 1000})
    preview = await authority.manager.preview(edit, scope=GLOBAL, request=asking())
    assert preview.simulation is None
    tried = await authority.decisions.preview(preview)
    assert tried.simulation is not None
    assert tried.simulation.gained.count == 1
    assert authority.archive.asked[-1][0].since == NOW - timedelta(hours=1)
    authority.clock.advance(hours=2)
    again = await authority.decisions.preview(preview)
    assert again.simulation is not None
    assert again.simulation.examined == 0
