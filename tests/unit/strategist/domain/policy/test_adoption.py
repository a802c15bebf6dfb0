from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.domain.policy.adoption import Adoption, adopt, import_all, is_known, stricter_in_redis
from cio_strategist.domain.policy.audit import Subject
from cio_strategist.domain.policy.control_change import StoredControl, is_laxer
from cio_strategist.domain.policy.projection import Shown
from cio_strategist.domain.policy.stored import StoredPolicy, to_json
from cio_strategist.errors import StoreUnreadableError
from petrosa_contracts import ControlEntry, ControlState, Mode
from tests.strategist_fakes import NOON, CountingIds
from tests.strategist_records import BTC, GLOBAL, entry, layer_text, record

LATER = NOON + timedelta(hours=1)
MUCH_LATER = NOON + timedelta(hours=2)


def holding(**control: ControlEntry | str) -> StoredPolicy:
    """What is stored with these entries; `btc` stands for the symbol's scope."""
    fields = {BTC if name == "btc" else name: value for name, value in control.items()}
    texts = {name: value if isinstance(value, str) else to_json(value) for name, value in fields.items()}
    return StoredPolicy(3, {}, {}, texts)


def adoption(shown: StoredPolicy) -> Adoption:
    return Adoption(Shown(shown, 3), NOON, CountingIds())


def found(redis: StoredPolicy, ours: StoredPolicy) -> list[str]:
    return [control.field for control in stricter_in_redis(Shown(redis, 3), ours, NOON)]


def adopted(redis: StoredPolicy, ours: StoredPolicy) -> ControlEntry:
    work = adoption(redis)
    (control,) = stricter_in_redis(work.shown, ours, NOON)
    change = adopt(ours, [control], work, revision=3)
    assert change.write is not None
    return ControlEntry.model_validate_json(change.write.control[control.scope] or "")


def test_a_halt_that_the_store_does_not_know_is_stricter() -> None:
    assert found(holding(btc=entry()), holding()) == [BTC]
    assert found(holding(btc=entry()), holding(btc=entry(Mode.SAFE))) == [BTC]
    assert found(holding(btc=entry()), holding(btc=entry(until=LATER))) == [BTC]
    assert found(holding(btc=entry()), holding(**{GLOBAL: entry()})) == [BTC]


def test_what_is_equal_laxer_expired_or_active_is_not() -> None:
    assert found(holding(btc=entry()), holding(btc=entry())) == []
    assert found(holding(btc=entry(Mode.SAFE)), holding(btc=entry())) == []
    assert found(holding(btc=entry(until=LATER)), holding(btc=entry())) == []
    assert found(holding(btc=entry(until=NOON)), holding()) == []
    assert found(holding(btc=entry(Mode.ACTIVE)), holding()) == []


def test_an_entry_that_cannot_be_read_is_the_halt_that_gates_take_it_for() -> None:
    work = adoption(holding(btc="{", nonsense="{}"))
    halts = stricter_in_redis(work.shown, holding(), NOON)
    assert [(control.scope, control.entry.mode) for control in halts] == [(BTC, Mode.HALTED), (GLOBAL, Mode.HALTED)]
    assert not any(is_known(control, []) for control in halts)


def test_an_entry_is_adopted_as_it_is_with_a_record_signed_by_whoever_set_it() -> None:
    work = adoption(holding(btc=entry()))
    change = adopt(holding(), stricter_in_redis(work.shown, holding(), NOON), work, revision=3)
    assert change.write is not None
    assert change.write.control == work.shown.policy.control
    (audit,) = change.write.also_audit
    assert (audit.subject, audit.edit, audit.action, audit.changed_by) == (Subject.CONTROL, "import", "create", "anna")
    assert (audit.before, audit.after) == (None, entry().model_dump(mode="json"))


def test_an_entry_without_a_time_gets_one_so_that_it_is_known_later() -> None:
    assert adopted(holding(btc=entry(at=None)), holding()).set_at == NOON


def test_where_each_is_stricter_in_part_both_hold_together() -> None:
    after = adopted(holding(btc=entry(Mode.SAFE)), holding(btc=entry(Mode.HALTED, until=LATER)))
    assert (after.mode, after.expires_at) == (Mode.HALTED, None)
    after = adopted(holding(btc=entry(Mode.HALTED, until=LATER)), holding(btc=entry(Mode.SAFE, until=MUCH_LATER)))
    assert (after.mode, after.expires_at) == (Mode.HALTED, MUCH_LATER)


def test_nothing_is_adopted_once_somebody_wrote_since_the_trail_was_looked_at() -> None:
    work = adoption(holding(btc=entry()))
    found = stricter_in_redis(work.shown, holding(), NOON)
    assert adopt(holding(), found, work, revision=2).write is None


def test_an_entry_that_was_adopted_together_with_ours_is_known_when_redis_shows_it_late() -> None:
    theirs, ours = entry(until=LATER, at=LATER), entry(Mode.SAFE)
    work = adoption(holding(btc=theirs))
    (control,) = stricter_in_redis(work.shown, holding(btc=ours), NOON)
    write = adopt(holding(btc=ours), [control], work, revision=3).write
    assert write is not None
    assert [(audit.before or {})["mode"] for audit in write.also_audit] == [Mode.SAFE, Mode.HALTED]
    assert is_known(control, write.also_audit)


def test_several_fields_that_restrict_one_scope_are_adopted_as_one_entry() -> None:
    redis = holding(**{GLOBAL: entry(Mode.SAFE), "nonsense": "{}"})
    work = adoption(redis)
    write = adopt(holding(), stricter_in_redis(work.shown, holding(), NOON), work, revision=3).write
    assert write is not None
    assert list(write.control) == [GLOBAL]
    assert ControlEntry.model_validate_json(write.control[GLOBAL] or "").mode is Mode.HALTED
    assert write.scope == GLOBAL


@pytest.mark.parametrize("which", ["before", "after"])
def test_an_entry_that_the_trail_knows_is_what_redis_shows_late(which: str) -> None:
    control = StoredControl(BTC, BTC, entry(), unreadable=False)
    other = StoredControl(BTC, BTC, entry(at=LATER), unreadable=False)
    records = [record(scope=BTC, subject=Subject.CONTROL, **{which: entry().model_dump(mode="json")})]
    assert is_known(control, records)
    assert not is_known(other, records)
    assert not is_known(StoredControl(GLOBAL, GLOBAL, entry(), unreadable=False), records)
    assert not is_known(control, [])


def test_an_entry_without_a_time_is_never_taken_for_a_known_one() -> None:
    bare = entry(at=None)
    records = [record(scope=BTC, subject=Subject.CONTROL, after=bare.model_dump(mode="json"))]
    assert not is_known(StoredControl(BTC, BTC, bare, unreadable=False), records)


_entries = st.builds(
    lambda mode, hours: entry(mode, until=None if hours is None else NOON + timedelta(hours=hours)),
    st.sampled_from([Mode.SAFE, Mode.HALTED, Mode.FROZEN]),
    st.none() | st.integers(1, 3),
)


@given(_entries, st.none() | _entries)
def test_adoption_never_lets_more_pass_than_either_side_did(theirs: ControlEntry, ours: ControlEntry | None) -> None:
    redis, stored = holding(btc=theirs), holding() if ours is None else holding(btc=ours)
    if not stricter_in_redis(Shown(redis, 3), stored, NOON):
        assert ours is not None
        assert not is_laxer(theirs, ours)
        return
    after = adopted(redis, stored)
    assert not is_laxer(theirs, after)
    assert ours is None or not is_laxer(ours, after)
    assert stricter_in_redis(Shown(redis, 3), holding(btc=after), NOON) == ()


def test_a_policy_from_before_the_authority_is_taken_over_whole() -> None:
    layers = {GLOBAL: layer_text(version=4, leverage=5), BTC: layer_text(BTC, 2)}
    redis = StoredPolicy(9, layers, {GLOBAL: "4", BTC: "2", "strategy:gone": "6"}, holding(btc=entry()).control)
    write = import_all(StoredPolicy(), adoption(redis)).write
    assert write is not None
    assert (write.layers, write.versions) == (layers, {GLOBAL: 4, BTC: 2, "strategy:gone": 6})
    assert write.control == redis.control
    assert [(audit.scope, audit.version, audit.edit) for audit in write.also_audit] == [
        (GLOBAL, 4, "import"),
        (BTC, 2, "import"),
        (BTC, None, "import"),
    ]


def test_what_has_expired_stays_behind_and_what_cannot_be_read_comes_as_a_halt() -> None:
    redis = holding(btc=entry(until=NOON), nonsense="{}")
    write = import_all(StoredPolicy(), adoption(redis)).write
    assert write is not None
    assert set(write.control) == {GLOBAL}
    state = ControlState.read({key: text for key, text in write.control.items() if text is not None})
    assert [each.mode for each in state.entries[GLOBAL]] == [Mode.HALTED]


def test_a_store_that_was_written_to_takes_over_nothing() -> None:
    redis = StoredPolicy(9, {GLOBAL: layer_text()})
    assert import_all(StoredPolicy(1), adoption(redis)).write is None


def test_a_policy_that_gates_do_not_believe_is_not_taken_over() -> None:
    with pytest.raises(StoreUnreadableError, match="leverage"):
        import_all(StoredPolicy(), adoption(StoredPolicy(9, {GLOBAL: layer_text(leverage=9999)})))
