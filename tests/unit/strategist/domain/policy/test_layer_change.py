"""Changes of layers: what is stored goes in, what is to be written comes out."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.domain.policy.edit import DeleteConfig, PatchParameters, Restore, SetParameters, UnsetParameters
from cio_strategist.domain.policy.layer_change import LayerChange, edit_layer, field_of, start_policy
from cio_strategist.domain.policy.stored import StoredPolicy, last_version
from cio_strategist.errors import ConflictError, RefusedError, RejectedError, StoreUnreadableError, UsageError
from petrosa_contracts import PolicyLayer, Scope

NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)
BTC = Scope.of_symbol("BTCUSDT")


def layer_text(field: str = BTC.key, version: int = 3, **parameters: object) -> str:
    return json.dumps({"scope": field, "version": version, "parameters": parameters})


def stored_with(text: str, *, epoch: int | None = 8, versions: dict[str, str] | None = None) -> StoredPolicy:
    return StoredPolicy(epoch=epoch, layers={BTC.key: text}, versions=versions or {})


def change(
    stored: StoredPolicy, patch: dict[str, object], *, replace: bool = False, expect_version: int | None = None
) -> LayerChange:
    edit = SetParameters(parameters=patch) if replace else PatchParameters(parameters=patch)
    return edit_layer(stored, edit, scope=BTC.key, by="anna", now=NOW, expect_version=expect_version)


def unset(stored: StoredPolicy, *names: str) -> LayerChange:
    return edit_layer(stored, UnsetParameters(names=names), scope=BTC.key, by="anna", now=NOW)


def clear(stored: StoredPolicy, name: str) -> LayerChange:
    return edit_layer(stored, DeleteConfig(), scope=name, by="anna", now=NOW)


def restore(stored: StoredPolicy, parameters: dict[str, object] | None) -> LayerChange:
    return edit_layer(stored, Restore(parameters=parameters, target="then"), scope=BTC.key, by="anna", now=NOW)


def written(result: LayerChange) -> PolicyLayer:
    assert result.write is not None
    text = result.write.layers[result.scope]
    assert text is not None
    return PolicyLayer.model_validate_json(text)


def after(stored: StoredPolicy, result: LayerChange) -> StoredPolicy:
    """What is stored once the change is written."""
    if result.write is None:
        return stored
    layers = {**stored.layers, **result.write.layers}
    return StoredPolicy(
        epoch=(stored.epoch or 0) + 1,
        layers={field: text for field, text in layers.items() if text is not None},
        versions={**stored.versions, **{field: str(version) for field, version in result.write.versions.items()}},
    )


def test_the_first_set_makes_version_one() -> None:
    result = change(StoredPolicy(), {"leverage": 5})
    assert written(result) == PolicyLayer(
        scope="symbol:BTCUSDT", version=1, parameters={"leverage": 5}, updated_at=NOW, updated_by="anna"
    )


def test_a_set_merges_and_counts_on() -> None:
    result = change(stored_with(layer_text(leverage=5, max_daily_trades=9)), {"leverage": 4})
    assert written(result).version == result.version == 4
    assert written(result).parameters == {"leverage": 4, "max_daily_trades": 9}


def test_a_replacing_set_drops_what_is_not_named() -> None:
    result = change(stored_with(layer_text(leverage=5, foreign=1)), {"max_daily_trades": 9}, replace=True)
    assert written(result).parameters == {"max_daily_trades": 9}


@pytest.mark.parametrize("replace", [False, True])
def test_a_set_that_changes_nothing_writes_nothing(replace: bool) -> None:
    result = change(
        stored_with(layer_text(max_position_size_usd=500.0)), {"max_position_size_usd": 500}, replace=replace
    )
    assert result.write is None
    assert result.version == 3


def test_setting_null_is_not_the_same_as_not_setting() -> None:
    result = change(stored_with(layer_text(leverage=5)), {"override_min_qty": None})
    assert written(result).parameters == {"leverage": 5, "override_min_qty": None}


def test_a_wrong_patch_is_rejected_with_every_error() -> None:
    with pytest.raises(RejectedError) as caught:
        change(stored_with("unreadable"), {"leverage": True, "levrage": 1, "enabled": False})
    assert [(error.field, error.code) for error in caught.value.errors] == [
        ("leverage", "INVALID_TYPE"),
        ("levrage", "UNKNOWN_PARAMETER"),
    ]


def test_unknown_stored_parameters_survive_a_merge() -> None:
    result = change(stored_with(layer_text(foreign={"a": [1]})), {"leverage": 4})
    assert written(result).parameters == {"foreign": {"a": [1]}, "leverage": 4}


def test_an_impossible_stored_value_can_be_repaired_by_setting_it() -> None:
    result = change(stored_with(layer_text(leverage=True)), {"leverage": 1})
    assert written(result).parameters == {"leverage": 1}
    assert result.problem is None


def test_a_merge_that_leaves_an_impossible_value_is_rejected() -> None:
    with pytest.raises(RejectedError) as caught:
        change(stored_with(layer_text(leverage=999)), {"max_daily_trades": 9})
    assert [error.field for error in caught.value.errors] == ["leverage"]


def test_a_layer_without_its_form_is_not_merged_into_and_can_be_replaced() -> None:
    stored = stored_with('{"scope": "symbol:BTCUSDT", "version": 6}')
    with pytest.raises(RefusedError, match="setting all of it"):
        change(stored, {"leverage": 4})
    assert written(change(stored, {"leverage": 4}, replace=True)).version == 7


def test_a_layer_that_names_another_scope_is_written_anew_even_if_its_values_stay() -> None:
    result = change(stored_with(layer_text(field="global", leverage=5)), {"leverage": 5})
    assert written(result).scope == "symbol:BTCUSDT"
    assert result.problem is None


def test_a_restored_set_is_exactly_what_it_was_unknown_parameters_included() -> None:
    result = restore(stored_with(layer_text(leverage=5, foreign=1)), {"foreign": 2, "max_daily_trades": 9})
    assert written(result).parameters == {"foreign": 2, "max_daily_trades": 9}


def test_a_restored_set_that_the_catalogue_does_not_allow_any_more_is_rejected() -> None:
    with pytest.raises(RejectedError):
        restore(stored_with(layer_text(leverage=5)), {"leverage": 999})


def test_restoring_no_config_removes_the_layer() -> None:
    result = restore(stored_with(layer_text(leverage=5)), None)
    assert result.write is not None
    assert result.write.layers == {BTC.key: None}
    assert result.version == 4


def test_restoring_a_set_that_was_empty_is_not_restoring_no_config() -> None:
    assert written(restore(stored_with(layer_text(leverage=5)), {})).parameters == {}


def test_a_patch_of_nothing_makes_no_layer() -> None:
    assert change(StoredPolicy(), {}).write is None
    assert written(change(StoredPolicy(), {}, replace=True)).parameters == {}


@pytest.mark.parametrize(("expected", "actual"), [(2, 3), (4, 3), (0, 3)])
def test_a_set_that_expects_another_version_conflicts(expected: int, actual: int) -> None:
    with pytest.raises(ConflictError, match=f"at version {actual}, not {expected}"):
        change(stored_with(layer_text(leverage=5)), {"leverage": 4}, expect_version=expected)


def test_a_set_that_expects_the_stored_version_goes_through() -> None:
    assert change(stored_with(layer_text(leverage=5)), {"leverage": 4}, expect_version=3).version == 4
    assert change(StoredPolicy(), {"leverage": 4}, expect_version=0).version == 1
    assert change(StoredPolicy(versions={BTC.key: "7"}), {"leverage": 4}, expect_version=7).version == 8


def test_text_that_is_no_utf8_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        change(StoredPolicy(), {"strategy_weights": {"\ud800": 1}})


def test_unset_leaves_the_rest_and_counts_on() -> None:
    result = unset(stored_with(layer_text(leverage=5, max_daily_trades=9)), "leverage", "enabled")
    assert written(result).parameters == {"max_daily_trades": 9}
    assert result.version == 4


def test_unset_keeps_a_layer_that_sets_nothing_any_more() -> None:
    assert written(unset(stored_with(layer_text(leverage=5)), "leverage")).parameters == {}


def test_unset_of_what_is_not_set_writes_nothing() -> None:
    assert unset(stored_with(layer_text(leverage=5)), "enabled").write is None
    assert unset(StoredPolicy(), "enabled").write is None


def test_unset_refuses_a_name_that_is_neither_stored_nor_a_parameter() -> None:
    with pytest.raises(RejectedError) as caught:
        unset(stored_with(layer_text(leverage=5)), "leverage", "levrage")
    assert [(error.field, error.suggested_value) for error in caught.value.errors] == [("levrage", "leverage")]


def test_unset_takes_out_what_is_stored_and_no_parameter_any_more() -> None:
    assert written(unset(stored_with(layer_text(leverage=5, of_old=1)), "of_old")).parameters == {"leverage": 5}


def test_unset_says_when_the_layer_stays_unbelievable() -> None:
    result = unset(stored_with(layer_text(leverage=999, max_daily_trades=0, enabled=True)), "leverage")
    assert result.problem is not None
    assert "max_daily_trades" in result.problem


def test_unset_refuses_a_layer_without_its_form() -> None:
    with pytest.raises(RefusedError, match="clear"):
        unset(stored_with("[]"), "leverage")


def test_clear_removes_the_layer_and_takes_a_version() -> None:
    result = clear(stored_with(layer_text(leverage=5)), "symbol:btcusdt")
    assert result.write is not None
    assert result.write.layers == {"symbol:BTCUSDT": None}
    assert result.write.versions == {"symbol:BTCUSDT": 4}
    assert (result.version_before, result.version) == (3, 4)


def test_versions_go_on_after_a_clear() -> None:
    stored = stored_with(layer_text(leverage=5))
    cleared = after(stored, clear(stored, BTC.key))
    assert change(cleared, {"leverage": 5}).version == 5


def test_clear_of_nothing_writes_nothing() -> None:
    assert clear(StoredPolicy(epoch=1), "global").write is None


@pytest.mark.parametrize("field", ["junk", "symbol:btcusdt", "strategy: ", "\udcff"])
def test_clear_removes_a_field_that_is_no_scopes_name(field: str) -> None:
    result = clear(StoredPolicy(epoch=1, layers={field: "{"}), field)
    assert result.write is not None
    assert result.write.layers == {field: None}
    assert result.write.versions == {}


def test_a_name_that_is_neither_stored_nor_a_scope_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="is not a scope"):
        field_of({"other": "{}"}, "junk")


def test_start_gives_an_epoch_once() -> None:
    first = start_policy(StoredPolicy())
    assert first.write is not None
    assert start_policy(StoredPolicy(epoch=0)).write is None


def test_a_remembered_version_that_is_no_number_stops_the_change() -> None:
    with pytest.raises(StoreUnreadableError, match="'many'"):
        change(StoredPolicy(versions={BTC.key: "many"}), {"leverage": 4})


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"version": true}', '{"version": "4"}', '{"version": -4}', "[" * 100_000]
)
def test_a_version_that_cannot_be_told_counts_as_none(text: str) -> None:
    assert last_version(stored_with(text, versions={BTC.key: "2"}), BTC.key) == 2


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from(["leverage", "max_daily_trades"]), st.integers(1, 3)),
        st.tuples(st.just("unset"), st.sampled_from(["leverage", "max_daily_trades"]), st.just(0)),
        st.tuples(st.just("clear"), st.just(""), st.just(0)),
    ),
    max_size=20,
)


@given(STEPS)
def test_versions_and_the_epoch_count_the_writes(steps: list[tuple[str, str, int]]) -> None:
    stored, model, versions, writes = StoredPolicy(epoch=0), dict[str, int](), list[int](), 0
    for kind, name, value in steps:
        if kind == "set":
            result = change(stored, {name: value})
            model[name] = value
        elif kind == "unset":
            result = unset(stored, name)
            model.pop(name, None)
        else:
            result = clear(stored, BTC.key)
            model.clear()
        stored = after(stored, result)
        writes += result.write is not None
        if result.write is not None:
            versions.append(result.version)
        if result.write is not None and kind != "clear":
            assert written(result).parameters == model
    assert versions == list(range(1, len(versions) + 1))
    assert stored.epoch == writes
