from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from petrosa_contracts.trading_config import LeverageStatus, TradingConfig, TradingConfigAudit

FIELD_LINES = {
    TradingConfig: """
        id: str | null = null
        strategy_id: str | null = null
        symbol: str | null = null
        side: literal(LONG, SHORT) | null = null
        parameters: dict[str, any]
        version: int = 1
        created_at: datetime = "now_utc_aware"
        updated_at: datetime = "now_utc_aware"
        created_by: str
        metadata: dict[str, any] = {}
    """,
    TradingConfigAudit: """
        id: str | null = null
        config_type: literal(global, symbol, symbol_side, strategy)
        symbol: str | null = null
        side: literal(LONG, SHORT) | null = null
        strategy_id: str | null = null
        action: literal(create, update, delete)
        parameters_before: dict[str, any] | null = null
        parameters_after: dict[str, any] | null = null
        version_before: int | null = null
        version_after: int | null = null
        changed_by: str
        reason: str | null = null
        timestamp: datetime = "now_utc_aware"
        metadata: dict[str, any] = {}
    """,
    LeverageStatus: """
        id: str | null = null
        symbol: str
        configured_leverage: int 1..125
        actual_leverage: int | null 1..125 = null
        last_sync_at: datetime | null = null
        last_sync_success: bool = false
        last_sync_error: str | null = null
        updated_at: datetime = "now_utc_aware"
    """,
}

SMALLEST: dict[type[BaseModel], dict[str, Any]] = {
    TradingConfig: {"parameters": {"leverage": 3}, "created_by": "desk"},
    TradingConfigAudit: {"config_type": "strategy", "action": "create", "changed_by": "desk"},
    LeverageStatus: {"symbol": "SOLUSDT", "configured_leverage": 3},
}

EVERY_FIELD: dict[type[BaseModel], dict[str, Any]] = {
    TradingConfig: {
        "id": "c-1",
        "strategy_id": "donchian_breakout",
        "symbol": "SOLUSDT",
        "side": "SHORT",
        "parameters": {"stop_loss_pct": 2.5, "allowed_symbols": ["SOLUSDT"]},
        "version": 4,
        "created_at": "2026-03-01T00:00:00+00:00",
        "updated_at": "2026-03-10T08:15:30.250000+00:00",
        "created_by": "desk",
        "metadata": {"note": "calmer"},
    },
    TradingConfigAudit: {
        "id": "a-1",
        "config_type": "symbol_side",
        "symbol": "SOLUSDT",
        "side": "LONG",
        "strategy_id": "donchian_breakout",
        "action": "update",
        "parameters_before": {},
        "parameters_after": {"leverage": 2},
        "version_before": 3,
        "version_after": 4,
        "changed_by": "desk",
        "reason": "too hot",
        "timestamp": "2026-03-10T08:15:30.250000+00:00",
        "metadata": {"ticket": 7},
    },
    LeverageStatus: {
        "id": "l-1",
        "symbol": "SOLUSDT",
        "configured_leverage": 125,
        "actual_leverage": 1,
        "last_sync_at": "2026-03-10T08:15:30+00:00",
        "last_sync_success": True,
        "last_sync_error": "timeout",
        "updated_at": "2026-03-10T08:15:31+00:00",
    },
}

REFUSED = [
    (TradingConfig, "side", "long", "literal_error"),
    (TradingConfig, "parameters", None, "dict_type"),
    (TradingConfig, "version", 1.5, "int_from_float"),
    (TradingConfig, "created_by", None, "string_type"),
    (TradingConfig, "created_at", None, "datetime_type"),
    (TradingConfigAudit, "config_type", "side", "literal_error"),
    (TradingConfigAudit, "action", "rollback", "literal_error"),
    (LeverageStatus, "configured_leverage", 0, "greater_than_equal"),
    (LeverageStatus, "configured_leverage", 126, "less_than_equal"),
    (LeverageStatus, "actual_leverage", 126, "less_than_equal"),
    (LeverageStatus, "configured_leverage", 2.5, "int_from_float"),
]

SCOPES = [
    ("global", {}, "global"),
    ("symbol", {"symbol": "S"}, "S"),
    ("symbol_side", {"symbol": "S", "side": "LONG"}, "S:LONG"),
    ("side_only", {"side": "LONG"}, "None:LONG"),
    ("strategy", {"strategy_id": "x"}, "global"),
]

every_model = pytest.mark.parametrize("model", SMALLEST, ids=lambda model: model.__name__)


@every_model
def test_fields_have_the_pinned_order_types_defaults_and_limits(
    model: type[BaseModel], field_lines: Callable[[type[BaseModel]], list[str]]
):
    assert field_lines(model) == [line.strip() for line in FIELD_LINES[model].strip().splitlines()]


@every_model
def test_fields_equal_the_measured_ones(
    model: type[BaseModel],
    field_lines: Callable[[type[BaseModel]], list[str]],
    measured_field_lines: Callable[[str], list[str]],
):
    assert field_lines(model) == measured_field_lines(model.__name__)


@every_model
def test_every_field_says_what_it_means(model: type[BaseModel]):
    assert [name for name, field in model.model_fields.items() if not field.description] == []


@every_model
def test_document_with_every_field_keeps_every_value(model: type[BaseModel]):
    assert EVERY_FIELD[model].keys() == model.model_fields.keys()
    assert model.model_validate(EVERY_FIELD[model]).model_dump(mode="json") == EVERY_FIELD[model]


@every_model
def test_document_survives_writing_and_reading_again(model: type[BaseModel]):
    document = model.model_validate(EVERY_FIELD[model])

    assert model.model_validate_json(document.model_dump_json()) == document


@every_model
def test_document_cannot_be_changed_and_ignores_unknown_fields(model: type[BaseModel]):
    document = model.model_validate({**SMALLEST[model], "_id": "x", "colour": "red"})

    assert document.model_dump().keys() == model.model_fields.keys()
    with pytest.raises(ValidationError, match="frozen"):
        document.id = "other"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("model", "field"),
    [(model, field) for model, fields in SMALLEST.items() for field in fields],
)
def test_required_field_must_be_there(model: type[BaseModel], field: str):
    with pytest.raises(ValidationError) as caught:
        model.model_validate({name: value for name, value in SMALLEST[model].items() if name != field})

    assert [(error["loc"], error["type"]) for error in caught.value.errors()] == [((field,), "missing")]


@pytest.mark.parametrize(("model", "field", "value", "error"), REFUSED)
def test_odd_input_is_refused(model: type[BaseModel], field: str, value: object, error: str):
    with pytest.raises(ValidationError) as caught:
        model.model_validate({**SMALLEST[model], field: value})

    assert [(item["loc"], item["type"]) for item in caught.value.errors()] == [((field,), error)]


def test_times_default_to_the_present_in_aware_utc(frozen_now: datetime):
    config = TradingConfig.model_validate(SMALLEST[TradingConfig])
    audit = TradingConfigAudit.model_validate(SMALLEST[TradingConfigAudit])
    leverage = LeverageStatus.model_validate(SMALLEST[LeverageStatus])

    assert {config.created_at, config.updated_at, audit.timestamp, leverage.updated_at} == {frozen_now}
    assert config.created_at.tzinfo is UTC


def test_naive_time_of_an_older_document_stays_naive():
    config = TradingConfig.model_validate({**SMALLEST[TradingConfig], "created_at": "2026-02-20T21:40:07"})

    assert config.created_at.tzinfo is None
    assert config.model_dump(mode="json")["created_at"] == "2026-02-20T21:40:07"


@pytest.mark.parametrize(("kind", "scope", "key"), SCOPES)
def test_scope_key_names_symbol_and_side_only(kind: str, scope: dict[str, str], key: str):
    assert TradingConfig.model_validate(SMALLEST[TradingConfig] | scope).get_scope_key() == key


def test_scope_keys_equal_the_measured_ones(shared_facts: dict[str, Any]):
    assert {kind: key for kind, _, key in SCOPES} == shared_facts["trading_config_scope_key"]
