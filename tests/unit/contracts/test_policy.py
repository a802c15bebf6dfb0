import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from petrosa_contracts import CATALOGUE, PolicyLayer, PolicySnapshot, PolicyUnreadableError
from tests.policies import JSON_VALUES, WORDS, is_within_catalogue, patches, values_of

NOW = datetime(2026, 2, 25, 12, 0, tzinfo=UTC)
NEARLY = st.sampled_from([0, -1, 1, 1.0, 126, 1e9, True, "", "market", [], ["BTCUSDT", ""], {}, {"1h": -1}])
KEYS = st.sampled_from(["global", "symbol:BTCUSDT", "strategy:mean:reversion", "symbol_side:BTCUSDT:LONG"])

# Values that are right, values that are nearly right and values of any kind, so that both outcomes are common.
known = st.sampled_from(sorted(CATALOGUE)).flatmap(
    lambda name: st.tuples(st.just(name), values_of(CATALOGUE[name]) | NEARLY | JSON_VALUES)
)
unknown = st.tuples(WORDS, JSON_VALUES)
held_parameters = st.lists(known | unknown, max_size=2).map(dict)


def _stored(scope: str = "global", **fields: Any) -> str:
    return json.dumps({"scope": scope, "version": 1, "parameters": {}, "updated_by": "ana"} | fields)


def _read(stored: dict[str, Any]) -> PolicySnapshot:
    return PolicySnapshot.read(7, stored, as_of=NOW)


@given(st.dictionaries(KEYS, held_parameters, max_size=3))
def test_a_snapshot_holds_only_values_that_the_catalogue_allows_or_is_not_made(
    parameters: dict[str, dict[str, Any]],
) -> None:
    try:
        snapshot = _read({key: _stored(key, parameters=held) for key, held in parameters.items()})
    except PolicyUnreadableError:
        return
    assert snapshot.layers.keys() == parameters.keys()
    for layer in snapshot.layers.values():
        for name, value in layer.parameters.items():
            assert name not in CATALOGUE or is_within_catalogue(name, value)


@given(KEYS | st.text(), st.binary() | st.text() | JSON_VALUES.map(json.dumps))
def test_what_is_no_layer_is_unreadable_and_nothing_else_is_raised(key: str, text: str | bytes) -> None:
    with pytest.raises(PolicyUnreadableError):
        _read({key: text})


@given(st.dictionaries(KEYS, patches()))
def test_allowed_layers_are_read_as_they_were_stored(parameters: dict[str, dict[str, Any]]) -> None:
    stored = {key: _stored(key, parameters=held).encode() for key, held in parameters.items()}
    snapshot = _read(stored)
    assert {key: layer.parameters for key, layer in snapshot.layers.items()} == parameters
    assert snapshot.unknown_parameters == ()


def test_an_empty_hash_is_a_policy() -> None:
    snapshot = _read({})
    assert (snapshot.epoch, snapshot.as_of, dict(snapshot.layers)) == (7, NOW, {})


@pytest.mark.parametrize(
    ("stored", "complaint"),
    [
        ({"global": "not json"}, "global"),
        ({"global": _stored(parameters={"leverage": 126})}, "leverage"),
        ({"global": _stored(parameters={"leverage": True})}, "leverage"),
        ({"global": _stored(parameters={"leverage": None})}, "leverage"),
        ({"global": _stored(parameters={"min_confidence_threshold": float("nan")})}, "min_confidence_threshold"),
        ({"global": _stored(parameters={"max_position_size_usd": float("inf")})}, "max_position_size_usd"),
        ({"global": _stored(parameters={"margin_type": "portfolio"})}, "margin_type"),
        ({"global": _stored(version=0)}, "version"),
        ({"symbol:BTCUSDT": _stored("symbol:ETHUSDT")}, "symbol:ETHUSDT"),
        ({"symbol:btcusdt": _stored("symbol:btcusdt")}, "symbol:BTCUSDT"),
        ({"BTCUSDT": _stored("BTCUSDT")}, "BTCUSDT"),
        ({"global": _stored(updated_at="9999-12-31T23:59:59-01:00")}, "updated_at"),
    ],
)
def test_what_cannot_be_trusted_is_named(stored: dict[str, str], complaint: str) -> None:
    with pytest.raises(PolicyUnreadableError, match=complaint):
        _read(stored)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"scope": "glo', "Invalid JSON: EOF while parsing a string at line 1 column 14"),
        (
            '{"scope": "global", "version": 0}',
            "version: Input should be greater than or equal to 1; parameters: Field required",
        ),
    ],
)
def test_what_is_wrong_with_a_layer_is_said_on_one_line_without_notes_for_programmers(text: str, reason: str) -> None:
    with pytest.raises(PolicyUnreadableError) as refused:
        _read({"global": text})
    assert str(refused.value) == f"policy of 'global' cannot be read: {reason}"


def test_one_unreadable_layer_condemns_the_whole_snapshot() -> None:
    with pytest.raises(PolicyUnreadableError):
        _read({"global": _stored(), "symbol:BTCUSDT": "{}"})


def test_parameters_of_a_newer_version_are_kept_and_named() -> None:
    snapshot = _read({"global": _stored(parameters={"max_moonshots": [1], "leverage": 5})})
    assert snapshot.unknown_parameters == ("global/max_moonshots",)
    assert snapshot.layers["global"].parameters == {"max_moonshots": [1], "leverage": 5}


def test_a_snapshot_is_swapped_never_changed() -> None:
    snapshot = _read({"global": _stored()})
    with pytest.raises(AttributeError):
        snapshot.epoch = 8  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        del snapshot.layers["global"]  # pyright: ignore[reportIndexIssue]


def test_a_layer_is_frozen_and_is_written_as_it_is_read() -> None:
    text = _stored("symbol:BTCUSDT", parameters={"leverage": 5}, updated_at="2026-02-25T09:00:00-03:00")
    layer = PolicyLayer.model_validate_json(text)
    assert layer.updated_at == NOW
    assert PolicyLayer.model_validate_json(layer.model_dump_json()) == layer
    with pytest.raises(ValidationError):
        layer.version = 2  # pyright: ignore[reportAttributeAccessIssue]
