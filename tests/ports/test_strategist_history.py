import asyncio
from datetime import timedelta

import pytest

from cio_strategist.domain.access.caller import CallerClass
from cio_strategist.domain.policy.audit import HistoryFilter, Subject
from cio_strategist.domain.policy.loosening import Loosened
from cio_strategist.domain.policy.proposal import ProposalStatus
from cio_strategist.domain.policy.stored import Write
from cio_strategist.errors import ConflictError, StoreUnreachableError
from petrosa_contracts.primal.bounds import excesses
from tests.ports.authority_worlds import AuthorityWorld
from tests.primal import SIGNED
from tests.strategist_fakes import NOON, writing
from tests.strategist_records import (
    BTC,
    BTC_LONG,
    GLOBAL,
    STRATEGY,
    answer,
    entry,
    layer_write,
    proposal,
    record,
)


async def test_a_record_is_read_as_it_was_written_with_its_place_in_the_order(authority: AuthorityWorld) -> None:
    written = record(
        scope=BTC_LONG,
        action="update",
        before={"leverage": 3, "allowed_symbols": ["BTCUSDT"]},
        version_before=4,
        version=5,
        caller="strategist",
        caller_class="agent",
        thought_trace="because …",
        loosening={"leverage": 0.66},
        restored="version 2",
        proposal_id="proposal-1",
        request_id="request-1",
    )
    await authority.store.commit(writing(Write(scope=BTC_LONG, audit=written)))
    read = await authority.store.record(written.id)
    assert read == written.model_copy(update={"revision": 1})
    assert await authority.store.record("another") is None


async def test_a_record_of_control_is_kept_apart_from_those_of_parameters(authority: AuthorityWorld) -> None:
    state = entry().model_dump(mode="json")
    halt = record("halt", subject=Subject.CONTROL, scope=BTC, after=state, version=None)
    await authority.store.commit(writing(Write(scope=BTC, audit=halt)))
    await authority.store.commit(writing(layer_write(BTC, 1, leverage=5)))
    about_control = await authority.store.records(HistoryFilter(subject=Subject.CONTROL), limit=9)
    about_config = await authority.store.records(HistoryFilter(subject=Subject.CONFIG), limit=9)
    assert [(each.id, each.after) for each in about_control] == [("halt", state)]
    assert [each.id for each in about_config] == [f"audit-{BTC}-1"]


async def test_a_refused_attempt_is_kept_apart_from_changes_and_makes_no_version(authority: AuthorityWorld) -> None:
    refused = excesses({"leverage": 21}, SIGNED.limits)
    refusal = record("refusal", subject=Subject.REFUSAL, scope=BTC, action="refuse", version=1, refused=refused)
    await authority.store.commit(writing(layer_write(BTC, 1, leverage=5)))
    await authority.store.commit(writing(Write(scope=None, audit=refusal)))
    (kept,) = await authority.store.records(HistoryFilter(subject=Subject.REFUSAL), limit=9)
    assert kept == refusal.model_copy(update={"revision": 2})
    changes = await authority.store.records(HistoryFilter(scope=BTC, subject=Subject.CONFIG), limit=9)
    made = await authority.store.at_version(BTC, 1)
    assert [each.id for each in changes] == [made and made.id] == [f"audit-{BTC}-1"]


async def test_records_come_newest_first_and_as_many_as_asked_for(authority: AuthorityWorld) -> None:
    for version in range(1, 5):
        await authority.store.commit(writing(layer_write(GLOBAL, version, leverage=version)))
    newest = await authority.store.records(HistoryFilter(), limit=2)
    assert [each.version for each in newest] == [4, 3]
    older = await authority.store.records(HistoryFilter(before_revision=newest[-1].revision), limit=9)
    assert [each.version for each in older] == [2, 1]


async def test_records_are_found_by_scope_symbol_side_strategy_and_time(authority: AuthorityWorld) -> None:
    for number, scope in enumerate((GLOBAL, BTC, BTC_LONG, STRATEGY)):
        later = record(scope, scope=scope, at=NOON + timedelta(minutes=number))
        await authority.store.commit(writing(Write(scope=scope, audit=later)))

    async def found(**wanted: object) -> list[str]:
        return [each.id for each in await authority.store.records(HistoryFilter(**wanted), limit=9)]  # type: ignore[arg-type]

    assert await found(scope=GLOBAL) == [GLOBAL]
    assert await found(scope=BTC) == [BTC]
    assert await found(symbol="BTCUSDT") == [BTC_LONG, BTC]
    assert await found(side="LONG") == [BTC_LONG]
    assert await found(strategy_id="momentum v1:ä") == [STRATEGY]
    assert await found(since=NOON + timedelta(minutes=2)) == [STRATEGY, BTC_LONG]
    assert await found(symbol="ETHUSDT") == []


async def test_records_are_found_by_what_was_done(authority: AuthorityWorld) -> None:
    for version, action in enumerate(("create", "update", "delete", "create", "update"), start=1):
        done = record(f"{action}-{version}", scope=BTC, action=action, version=version)
        await authority.store.commit(writing(Write(scope=BTC, audit=done)))
    created = await authority.store.records(HistoryFilter(scope=BTC, action="create"), limit=1)
    assert [each.id for each in created] == ["create-4"]


async def test_the_record_that_made_a_version_is_found_deletes_included(authority: AuthorityWorld) -> None:
    await authority.store.commit(writing(layer_write(BTC, 1, leverage=5)))
    gone = record("gone", scope=BTC, action="delete", edit="delete", before={"leverage": 5}, after=None, version=2)
    await authority.store.commit(writing(Write(scope=BTC, layers={BTC: None}, versions={BTC: 2}, audit=gone)))
    made, deleted = [await authority.store.at_version(BTC, version) for version in (1, 2)]
    assert made is not None
    assert made.after == {"leverage": 5}
    assert deleted is not None
    assert (deleted.id, deleted.after) == ("gone", None)
    assert await authority.store.at_version(BTC, 3) is None
    assert await authority.store.at_version(GLOBAL, 1) is None


async def test_several_records_of_one_change_have_the_same_revision(authority: AuthorityWorld) -> None:
    several = (record("one"), record("two", scope=BTC))
    await authority.store.commit(writing(Write(scope=None, also_audit=several)))
    found = await authority.store.records(HistoryFilter(), limit=9)
    assert {(each.id, each.revision) for each in found} == {("one", 1), ("two", 1)}


async def test_what_was_loosened_within_the_hour_is_known_to_the_next_decision(authority: AuthorityWorld) -> None:
    long_ago, just_now = NOON - timedelta(hours=2), NOON - timedelta(minutes=59)
    for at, name, kind in ((long_ago, "leverage", "agent"), (just_now, "max_daily_trades", "operator")):
        loosening = record(name, at=at, loosening={name: 0.5}, caller_class=kind)
        await authority.store.commit(writing(Write(scope=GLOBAL, audit=loosening)))
    stored = await authority.store.read()
    assert stored.loosened == (Loosened(just_now, CallerClass.OPERATOR, "max_daily_trades", 0.5),)


async def test_a_proposal_waits_until_it_is_decided(authority: AuthorityWorld) -> None:
    waiting = proposal()
    await authority.store.commit(writing(Write(scope=None, proposals=(waiting,))))
    assert (await authority.store.read()).pending == {waiting.id: waiting}
    decided = waiting.model_copy(update={"status": ProposalStatus.REJECTED, "decided_by": "anna", "decided_at": NOON})
    await authority.store.commit(writing(Write(scope=None, proposals=(decided,))))
    assert (await authority.store.read()).pending == {}
    assert await authority.store.proposal(waiting.id) == decided
    assert await authority.store.proposal("another") is None


async def test_proposals_come_newest_first_and_by_status(authority: AuthorityWorld) -> None:
    for number, status in enumerate((ProposalStatus.PENDING, ProposalStatus.STALE, ProposalStatus.PENDING)):
        filed = proposal(f"proposal-{number}", proposed_at=NOON + timedelta(minutes=number), status=status)
        await authority.store.commit(writing(Write(scope=None, proposals=(filed,))))
    everything = await authority.store.proposals(None, limit=9)
    pending = await authority.store.proposals(ProposalStatus.PENDING, limit=9)
    assert [each.id for each in everything] == ["proposal-2", "proposal-1", "proposal-0"]
    assert [each.id for each in pending] == ["proposal-2", "proposal-0"]
    assert len(await authority.store.proposals(None, limit=1)) == 1


async def test_an_answer_is_kept_with_its_change_and_given_once(authority: AuthorityWorld) -> None:
    write = layer_write(GLOBAL, 1, leverage=5)
    await authority.store.commit(writing(Write(scope=GLOBAL, layers=write.layers, answer=answer())))
    assert await authority.store.answer("anna:1") == answer()
    assert await authority.store.answer("ben:1") is None
    with pytest.raises(ConflictError):
        await authority.store.commit(writing(Write(scope=GLOBAL, layers={GLOBAL: None}, answer=answer())))
    stored = await authority.store.read()
    assert (stored.layers, stored.epoch) == (write.layers, 1)


async def test_of_two_same_requests_at_once_one_is_carried_out(authority: AuthorityWorld) -> None:
    write = Write(scope=None, answer=answer())
    results = await asyncio.gather(
        authority.store.commit(writing(write)), authority.another_store.commit(writing(write)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Committed", "ConflictError"]
    assert (await authority.store.read()).epoch == 1


async def test_history_of_an_away_store_is_unreachable(authority: AuthorityWorld) -> None:
    await authority.stop()
    with pytest.raises(StoreUnreachableError):
        await authority.store.records(HistoryFilter(), limit=1)
    with pytest.raises(StoreUnreachableError):
        await authority.store.answer("anna:1")
