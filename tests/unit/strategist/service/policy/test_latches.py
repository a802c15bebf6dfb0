import pytest

from cio_strategist.domain.policy.audit import HistoryFilter, Subject
from cio_strategist.domain.portfolio.book import Latch
from cio_strategist.errors import ForbiddenError, SecondFactorError, StoreUnreachableError, UsageError
from cio_strategist.ports import ShownPortfolio
from tests.readings import book_of, shown
from tests.unit.strategist.authority import AGENT, CODE, REASON, FakeAuthority, asking


@pytest.fixture
def authority() -> FakeAuthority:
    authority = FakeAuthority()
    latched = shown(book_of("10000", "10000", "10000", "9000", "9000", "9000"))
    authority.portfolio.shown = ShownPortfolio(latched)
    return authority


async def test_a_clearing_is_recorded_and_asked_of_the_tracker(authority: FakeAuthority) -> None:
    outcome = await authority.latches.clear(Latch.DAILY_LOSS, request=asking(), code=CODE)
    assert (outcome.latch, outcome.latched, outcome.cleared_at) == ("daily-loss", 1_000, authority.clock.now())
    assert authority.portfolio.shown.cleared == {"daily-loss": authority.clock.now()}
    (record,) = await authority.store.records(HistoryFilter(subject=Subject.LATCH), limit=9)
    assert (record.id, record.edit, record.reason) == (outcome.audit_id, "clear", REASON)
    assert record.before == {"latch": "daily-loss", "latched": "1000"}


async def test_an_agent_may_not(authority: FakeAuthority) -> None:
    with pytest.raises(ForbiddenError):
        await authority.latches.clear(Latch.DRAWDOWN, request=asking(AGENT), code=CODE)
    assert authority.store.trail == []


@pytest.mark.parametrize("code", [None, "000000"])
async def test_it_takes_the_second_factor(authority: FakeAuthority, code: str | None) -> None:
    with pytest.raises(SecondFactorError):
        await authority.latches.clear(Latch.DRAWDOWN, request=asking(), code=code)
    assert authority.portfolio.asked == []


@pytest.mark.parametrize("reason", [None, "  ", "x" * 501])
async def test_it_takes_a_reason(authority: FakeAuthority, reason: str | None) -> None:
    with pytest.raises(UsageError):
        await authority.latches.clear(Latch.DRAWDOWN, request=asking(reason=reason, thought_trace=None), code=CODE)
    assert CODE in authority.second_factor.codes


async def test_redis_away_uses_up_no_code(authority: FakeAuthority) -> None:
    authority.portfolio.up = False
    with pytest.raises(StoreUnreachableError):
        await authority.latches.clear(Latch.DRAWDOWN, request=asking(), code=CODE)
    assert CODE in authority.second_factor.codes
    assert authority.store.trail == []


async def test_the_same_request_again_asks_again_and_records_once(authority: FakeAuthority) -> None:
    request = asking(idempotency_key="k1")
    first = await authority.latches.clear(Latch.DRAWDOWN, request=request, code=CODE)
    authority.clock.advance(seconds=5)
    again = await authority.latches.clear(Latch.DRAWDOWN, request=request, code=CODE)
    assert (again.audit_id, again.cleared_at, again.replayed) == (first.audit_id, first.cleared_at, True)
    assert len(authority.store.trail) == 1
    assert len(authority.portfolio.asked) == 2
