"""Config documents, also as older engines and people wrote them."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from bson import Decimal128, ObjectId
from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.adapters.mongo.collections import (
    GLOBAL,
    OLDER_SYMBOLS,
    STRATEGIES,
    SYMBOL_SIDES,
    SYMBOLS,
)
from cio_strategist.adapters.mongo.config_documents import Place, config_document, read_configs, write_config
from cio_strategist.domain.policy.stored import read_layer
from petrosa_contracts import PolicyLayer, Scope, TradingConfig
from tests.strategist_fakes import NOON
from tests.strategist_records import BTC, BTC_LONG, STRATEGY, layer_text

ONE, TWO = ObjectId("65db00000000000000000001"), ObjectId("65db00000000000000000002")


def document(**fields: Any) -> dict[str, Any]:
    """A document as the config client writes it, except for `fields`; None of a field leaves it out."""
    content = {
        "_id": ONE,
        "id": None,
        "strategy_id": None,
        "symbol": None,
        "side": None,
        "parameters": {"leverage": 5},
        "version": 3,
        "created_at": NOON - timedelta(days=9),
        "updated_at": NOON,
        "created_by": "desk",
        "metadata": {"reason": "x"},
        **fields,
    }
    return {name: value for name, value in content.items() if value != "absent"}


def layer_of(key: str, collection: str, stored: dict[str, Any]) -> PolicyLayer | None:
    found = read_configs({collection: [stored]})
    assert list(found) == [key]
    return read_layer(key, found[key].text).layer


@pytest.mark.parametrize(
    ("key", "collection", "fields"),
    [
        ("global", GLOBAL, {"_id": "global"}),
        (BTC, SYMBOLS, {"symbol": "BTCUSDT"}),
        (BTC, OLDER_SYMBOLS, {"symbol": "BTCUSDT"}),
        (BTC, SYMBOLS, {"symbol": "btcusdt"}),
        (BTC_LONG, SYMBOL_SIDES, {"symbol": "BTCUSDT", "side": "LONG"}),
        (STRATEGY, STRATEGIES, {"strategy_id": "momentum v1:ä"}),
        ("global", GLOBAL, {"_id": "global", "side": "LONG"}),
    ],
)
def test_every_kind_of_document_reads_as_its_scopes_layer(key: str, collection: str, fields: dict[str, Any]) -> None:
    assert layer_of(key, collection, document(**fields)) == PolicyLayer(
        scope=key, version=3, parameters={"leverage": 5}, updated_at=NOON, updated_by="desk"
    )


@pytest.mark.parametrize(
    "written",
    [
        NOON.replace(tzinfo=None),
        NOON.astimezone(timezone(timedelta(hours=2))),
        "2026-02-25T12:00:00",
        "2026-02-25T12:00:00Z",
        "2026-02-25T14:00:00+02:00",
    ],
)
def test_times_are_read_in_every_form_that_engines_wrote(written: object) -> None:
    layer = layer_of("global", GLOBAL, document(updated_at=written))
    assert layer is not None
    assert layer.updated_at == NOON


@pytest.mark.parametrize("written", ["absent", None, "yesterday", 1772020800, datetime.min.replace(tzinfo=UTC)])
def test_a_missing_or_illegible_time_costs_nothing_but_the_time(written: object) -> None:
    layer = layer_of("global", GLOBAL, document(updated_at=written, created_at=written))
    assert layer is not None
    assert layer.parameters == {"leverage": 5}


@pytest.mark.parametrize(("written", "version"), [(3.0, 3), ("absent", 1), (1, 1)])
def test_versions_are_read_as_shells_and_first_engines_wrote_them(written: object, version: int) -> None:
    layer = layer_of("global", GLOBAL, document(version=written))
    assert layer is not None
    assert layer.version == version


@pytest.mark.parametrize(
    "fields",
    [
        {"parameters": {"leverage": float("nan")}},
        {"parameters": {"leverage": float("inf")}},
        {"parameters": {"leverage": 9999}},
        {"parameters": {"leverage": Decimal128("5")}},
        {"parameters": {"leverage": datetime(2026, 1, 1, tzinfo=UTC)}},
        {"parameters": {"leverage": ONE}},
        {"parameters": None},
        {"parameters": "absent"},
        {"parameters": ["leverage"]},
        {"version": 0},
        {"version": 2.5},
        {"version": "three"},
    ],
)
def test_what_gates_would_refuse_is_read_and_reported(fields: dict[str, Any]) -> None:
    found = read_configs({GLOBAL: [document(**fields)]})
    assert read_layer("global", found["global"].text).problem is not None


@pytest.mark.parametrize(
    ("collection", "fields"),
    [
        (SYMBOLS, {"symbol": None}),
        (SYMBOLS, {"symbol": "BTC USDT"}),
        (SYMBOLS, {"symbol": 7}),
        (SYMBOL_SIDES, {"symbol": "BTCUSDT", "side": "long"}),
        (SYMBOL_SIDES, {"symbol": "BTCUSDT"}),
        (STRATEGIES, {"strategy_id": None}),
        (STRATEGIES, {"strategy_id": " "}),
    ],
)
def test_a_document_of_no_scope_is_reported_and_can_be_removed(collection: str, fields: dict[str, Any]) -> None:
    ((key, found),) = read_configs({collection: [document(**fields)]}).items()
    assert read_layer(key, found.text).problem is not None
    assert write_config(key, None, found).removed == (Place(collection, ONE),)


def test_the_newer_collection_counts_and_the_older_is_read_where_it_has_nothing() -> None:
    older = document(_id=TWO, symbol="BTCUSDT", version=9)
    both = read_configs({SYMBOLS: [document(symbol="BTCUSDT")], OLDER_SYMBOLS: [older]})
    assert json.loads(both[BTC].text)["version"] == 3
    assert both[BTC].places == (Place(SYMBOLS, ONE), Place(OLDER_SYMBOLS, TWO))
    assert json.loads(read_configs({OLDER_SYMBOLS: [older]})[BTC].text)["version"] == 9


def test_of_two_documents_in_one_collection_the_later_version_counts() -> None:
    found = read_configs({SYMBOLS: [document(symbol="BTCUSDT"), document(_id=TWO, symbol="BTCUSDT", version=4)]})
    assert found[BTC].places == (Place(SYMBOLS, TWO), Place(SYMBOLS, ONE))


def test_writing_a_scope_leaves_one_document_of_it() -> None:
    stored = {
        SYMBOLS: [document(symbol="BTCUSDT"), document(_id=TWO, symbol="btcusdt", version=4)],
        OLDER_SYMBOLS: [document(_id=TWO, symbol="BTCUSDT", version=9)],
    }
    write = write_config(BTC, layer_text(BTC, 10, leverage=6), read_configs(stored)[BTC])
    assert write.kept == Place(SYMBOLS, ONE)
    assert set(write.removed) == {Place(OLDER_SYMBOLS, TWO), Place(SYMBOLS, TWO)}


def test_a_scope_known_from_the_older_collection_moves_to_the_newer() -> None:
    found = read_configs({OLDER_SYMBOLS: [document(symbol="BTCUSDT")]})[BTC]
    write = write_config(BTC, layer_text(BTC, 4, leverage=6), found)
    assert (write.kept, write.collection, write.removed) == (None, SYMBOLS, (Place(OLDER_SYMBOLS, ONE),))
    assert write.document["created_at"] == NOON - timedelta(days=9)


def test_a_written_document_has_every_key_and_says_who_made_the_last_change() -> None:
    layer = PolicyLayer.model_validate_json(layer_text(BTC_LONG, 2, leverage=6))
    assert config_document(Scope.parse(BTC_LONG), layer, created_at=None) == {
        "id": None,
        "strategy_id": None,
        "symbol": "BTCUSDT",
        "side": "LONG",
        "parameters": {"leverage": 6},
        "version": 2,
        "created_at": NOON,
        "updated_at": NOON,
        "created_by": "anna",
        "metadata": {},
    }


def test_the_global_document_keeps_its_id() -> None:
    found = read_configs({GLOBAL: [document(_id=ONE)]})["global"]
    write = write_config("global", layer_text("global", 4, leverage=6), found)
    assert (write.kept, write.removed, write.document["_id"]) == (None, (Place(GLOBAL, ONE),), "global")


_scopes = st.sampled_from(["global", BTC, BTC_LONG, STRATEGY])
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(_scopes, st.integers(1, 10**6), st.dictionaries(st.text(max_size=8), _json, max_size=4))
def test_a_layer_survives_being_a_document(scope: str, version: int, parameters: dict[str, Any]) -> None:
    layer = PolicyLayer(scope=scope, version=version, parameters=parameters, updated_at=NOON, updated_by="anna")
    write = write_config(scope, layer.model_dump_json(), None)
    assert write.collection is not None
    TradingConfig.model_validate(write.document)
    ((key, found),) = read_configs({write.collection: [{"_id": ONE, **write.document}]}).items()
    assert (key, PolicyLayer.model_validate_json(found.text)) == (scope, layer)


@given(st.dictionaries(st.sampled_from(list(document())), _json | st.floats() | st.binary() | st.datetimes()))
def test_no_document_makes_reading_fail(fields: dict[str, Any]) -> None:
    for collection in (GLOBAL, SYMBOLS, OLDER_SYMBOLS, SYMBOL_SIDES, STRATEGIES):
        for key, found in read_configs({collection: [document(**fields)]}).items():
            read_layer(key, found.text)
