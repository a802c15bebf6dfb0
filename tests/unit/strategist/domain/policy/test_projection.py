from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.domain.policy.projection import Shown, Update, is_blank, problems_of, update_towards, written_afresh
from cio_strategist.domain.policy.stored import StoredPolicy
from petrosa_contracts.rediskeys import CONTROL, POLICY, POLICY_EPOCH, POLICY_REVISION, POLICY_VERSIONS
from tests.strategist_fakes import FakeProjection
from tests.strategist_records import BTC, layer_text

STORED = StoredPolicy(7, {"global": layer_text()}, {"global": "1"}, {BTC: "{}"})


def shown(revision: int | None = 7, epoch: int | None = 3, **parts: dict[str, str]) -> Shown:
    content = {"layers": STORED.layers, "versions": STORED.versions, "control": STORED.control, **parts}
    return Shown(StoredPolicy(epoch, **content), revision)  # type: ignore[arg-type]


def test_what_is_shown_already_needs_no_update() -> None:
    assert update_towards(STORED, shown()) is None


def test_only_differences_are_written() -> None:
    present = shown(layers={**STORED.layers, BTC: "old"}, versions={}, control={BTC: "{}", "global": "x"})
    update = update_towards(STORED, present)
    assert update is not None
    assert (update.layers, update.versions, update.control) == ({BTC: None}, {"global": "1"}, {"global": None})
    assert update.fields == (f"{POLICY}/{BTC}", f"{POLICY_VERSIONS}/global", f"{CONTROL}/global")
    assert update.counts


def test_a_revision_without_other_content_is_noted_and_not_counted() -> None:
    update = update_towards(STORED, shown(revision=6))
    assert update == Update(revision=7)
    assert not update.counts
    assert update.fields == ()


def test_a_flushed_redis_gets_everything_and_an_epoch() -> None:
    update = update_towards(StoredPolicy(7), Shown(StoredPolicy(), None))
    assert update == Update(revision=7, starts=True)
    assert update.counts
    assert update.fields == (POLICY_EPOCH,)


def test_a_store_older_than_revisions_shows_as_revision_0() -> None:
    update = update_towards(StoredPolicy(None, STORED.layers), Shown(StoredPolicy(), None))
    assert update is not None
    assert update.revision == 0


def test_damaged_keys_are_removed_before_they_are_written() -> None:
    damaged = Shown(StoredPolicy(3, {}, STORED.versions, STORED.control), 7, (POLICY,))
    update = update_towards(STORED, damaged)
    assert update is not None
    assert update.removed_keys == (POLICY,)
    assert update.layers == STORED.layers
    only_revision = update_towards(STORED, Shown(shown().policy, None, (POLICY_REVISION,)))
    assert only_revision is not None
    assert not only_revision.counts


def test_while_policy_is_unreadable_only_control_is_carried_on() -> None:
    update = update_towards(STORED, shown(revision=6, layers={}, versions={}, control={}), unreadable=True)
    assert update == Update(revision=None, control={BTC: "{}"})
    assert update_towards(STORED, shown(revision=6, layers={}), unreadable=True) is None


def test_while_policy_is_unreadable_a_blind_gate_stays_blind() -> None:
    assert update_towards(STORED, Shown(StoredPolicy(), None), unreadable=True) is None


def test_the_hint_names_the_scope_if_it_is_one() -> None:
    assert Update(1, layers={BTC: None}, control={BTC: "{}"}).scope == BTC
    assert Update(1, layers={BTC: None, "global": None}).scope is None
    assert Update(1, starts=True).scope is None


def test_a_layer_that_gates_would_refuse_is_named_with_its_parameter() -> None:
    bad = StoredPolicy(1, {BTC: layer_text(BTC, leverage=9999), "global": layer_text(), "x": "{}"})
    first, second = problems_of(bad)
    assert BTC in first
    assert "leverage" in first
    assert "'x'" in second


def test_only_a_store_that_nothing_was_written_to_is_blank() -> None:
    assert is_blank(StoredPolicy())
    assert not is_blank(StoredPolicy(0))
    assert not is_blank(StoredPolicy(None, {"global": "{}"}))


_hash = st.dictionaries(st.sampled_from(["global", BTC, "strategy:a"]), st.sampled_from("abc"), max_size=3)
_counts = st.none() | st.integers(0, 9)
_stored = st.builds(StoredPolicy, st.none() | st.integers(0, 9), _hash, _hash, _hash)
_damage = st.sets(st.sampled_from([POLICY, POLICY_VERSIONS, CONTROL, POLICY_REVISION])).map(sorted).map(tuple)


async def _after(stored: StoredPolicy, present: Shown, update: Update | None) -> Shown:
    redis = FakeProjection(present)

    async def plan(_: Shown) -> Update | None:
        return update

    await redis.update(plan)
    return redis.shown


@given(_stored, _stored, _counts, _damage)
async def test_after_an_update_redis_shows_the_store_and_needs_no_other(
    stored: StoredPolicy, policy: StoredPolicy, revision: int | None, damaged: tuple[str, ...]
) -> None:
    readable = {"layers": POLICY, "versions": POLICY_VERSIONS, "control": CONTROL}
    policy = replace(policy, **{part: {} for part, key in readable.items() if key in damaged})
    present = Shown(policy, None if POLICY_REVISION in damaged else revision, damaged)
    for update in (update_towards(stored, present), written_afresh(stored, present)):
        after = await _after(stored, present, update)
        assert update_towards(stored, after) is None
        assert (after.policy.layers, after.policy.control) == (stored.layers, stored.control)
        assert after.revision == (stored.epoch or 0)
        changed = after.policy.layers != policy.layers or after.policy.control != policy.control
        assert not changed or (after.policy.epoch or 0) > (policy.epoch or 0)
