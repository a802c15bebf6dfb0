"""Where the wire models' samples and measured facts lie, and how a model's fields are put into comparable words."""

import json
import types
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from petrosa_contracts import instant
from tests.samples import SHARED_INTEROP, load_samples, load_shared_samples

FROZEN_NOW = datetime(2026, 2, 25, 12, 0, 5, 500_000, tzinfo=UTC)
SHARED_FACTS = SHARED_INTEROP / "signal.json"
NOT_AT_HAND = pytest.mark.skip(reason="the measured wire facts in ../shared/interop are not at hand")

_PLAIN_TYPES = {str: "str", int: "int", float: "float", bool: "bool", datetime: "datetime", Any: "any"}
_DEFAULT_FACTORIES = {instant.utc_now: "now_utc_aware", instant.epoch_now: "now_epoch_seconds"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "accepted_sample" in metafunc.fixturenames:
        _parametrize_samples(metafunc, "accepted_sample", accepted=True)
    if "refused_sample" in metafunc.fixturenames:
        _parametrize_samples(metafunc, "refused_sample", accepted=False)
    if "shared_probe" in metafunc.fixturenames:
        probes = _read_facts().get("coercion_probes", [])
        _parametrize_shared(metafunc, "shared_probe", probes, lambda probe: f"{probe['field']}={probe['json']}")
    if "shared_timestamp_row" in metafunc.fixturenames:
        rows = _read_facts().get("timestamp_rules", {}).get("table", [])
        _parametrize_shared(metafunc, "shared_timestamp_row", rows, lambda row: row["input"])


@pytest.fixture(scope="session")
def shared_facts() -> dict[str, Any]:
    if not SHARED_FACTS.is_file():
        pytest.skip("the measured wire facts in ../shared/interop are not at hand")
    return _read_facts()


@pytest.fixture
def frozen_now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Stop the clock of the wire models at a moment that the float of its epoch seconds holds exactly."""
    monkeypatch.setattr(instant, "_wall_clock", FROZEN_NOW.timestamp)
    return FROZEN_NOW


@pytest.fixture(scope="session")
def field_lines() -> Callable[[type[BaseModel]], list[str]]:
    """Describe a model's fields in order, one line each, such as `confidence: float 0..1` or `version: int = 1`."""
    return lambda model: [_line(**_field_facts(model, name)) for name in model.model_fields]


@pytest.fixture(scope="session")
def measured_field_lines(shared_facts: dict[str, Any]) -> Callable[[str], list[str]]:
    """Describe the fields measured for a model of that name, in the same words as `field_lines`."""
    keys = ("name", "type", "required", "default", "constraint")
    models = shared_facts["models"]
    return lambda name: [_line(**{key: field[key] for key in keys}) for field in models[name]["fields"]]


def _read_facts() -> dict[str, Any]:
    return json.loads(SHARED_FACTS.read_text(encoding="utf-8")) if SHARED_FACTS.is_file() else {}


def _parametrize_samples(metafunc: pytest.Metafunc, name: str, *, accepted: bool) -> None:
    own = [pytest.param(sample, id=f"own-{sample.name}") for sample in load_samples() if sample.accepted is accepted]
    shared = [
        pytest.param(sample, id=f"shared-{sample.name}")
        for sample in load_shared_samples()
        if sample.accepted is accepted
    ]
    metafunc.parametrize(name, own + (shared or [pytest.param(None, id="shared", marks=NOT_AT_HAND)]))


def _parametrize_shared(
    metafunc: pytest.Metafunc, name: str, cases: Iterable[dict[str, Any]], label: Callable[[dict[str, Any]], str]
) -> None:
    params = [pytest.param(case, id=label(case)) for case in cases]
    metafunc.parametrize(name, params or [pytest.param(None, id="shared", marks=NOT_AT_HAND)])


def _line(*, name: str, type: str, required: bool, default: object, constraint: dict[str, float] | None) -> str:  # noqa: A002
    limits = f" {constraint['ge']}..{constraint['le']}" if constraint else ""
    return f"{name}: {type}{limits}" + ("" if required else f" = {json.dumps(default)}")


def _field_facts(model: type[BaseModel], name: str) -> dict[str, Any]:
    field = model.model_fields[name]
    limits = {
        key: getattr(limit, key)
        for limit in field.metadata
        for key in ("ge", "le")
        if getattr(limit, key, None) is not None
    }
    if field.default_factory in _DEFAULT_FACTORIES:
        default: object = _DEFAULT_FACTORIES[field.default_factory]
    else:
        default = None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
    return {
        "name": name,
        "type": _type_text(field.annotation),
        "required": field.is_required(),
        "default": default,
        "constraint": limits or None,
    }


def _type_text(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        text = _type_text(arguments[0])
    elif origin is Literal:
        text = f"literal({', '.join(arguments)})"
    elif origin in (Union, types.UnionType):
        text = " | ".join("null" if part is type(None) else _type_text(part) for part in arguments)
    elif origin is not None:
        text = f"{origin.__name__}[{', '.join(_type_text(part) for part in arguments)}]"
    elif isinstance(annotation, type) and issubclass(annotation, StrEnum):
        text = f"enum:{annotation.__name__}"
    else:
        text = _PLAIN_TYPES[annotation]
    return text
