"""JSON Schemas (2020-12) of the wire models and of a policy patch, for documents and for other languages.

A schema describes the canonical form. The models also take what pydantic's lax mode takes, such as numbers as text.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from petrosa_contracts.alert import Alert
from petrosa_contracts.control import ControlEntry
from petrosa_contracts.execution import ExecutionEvent
from petrosa_contracts.failsafe import FailSafeLimits
from petrosa_contracts.failsafe_report import FailSafeReport
from petrosa_contracts.heartbeat import GovernanceHeartbeat, HeartbeatMessage, RateLimitStatus
from petrosa_contracts.market import MarketState, Quote, SymbolRules
from petrosa_contracts.order import TradeOrder
from petrosa_contracts.parameters import CATALOGUE, Parameter, ParameterType
from petrosa_contracts.policy import PolicyLayer
from petrosa_contracts.portfolio import PortfolioState, Position
from petrosa_contracts.record import DecisionRecord
from petrosa_contracts.regime import RegimeFeatures, RegimeStatus
from petrosa_contracts.signal import Signal
from petrosa_contracts.trading_config import LeverageStatus, TradingConfig, TradingConfigAudit
from petrosa_contracts.verdict import Breach, LiveValues, Verdict

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

WIRE_MODELS: tuple[type[BaseModel], ...] = (
    Alert,
    Breach,
    ControlEntry,
    DecisionRecord,
    ExecutionEvent,
    FailSafeLimits,
    FailSafeReport,
    GovernanceHeartbeat,
    HeartbeatMessage,
    LeverageStatus,
    LiveValues,
    MarketState,
    PolicyLayer,
    PortfolioState,
    Position,
    Quote,
    RateLimitStatus,
    RegimeFeatures,
    RegimeStatus,
    Signal,
    SymbolRules,
    TradeOrder,
    TradingConfig,
    TradingConfigAudit,
    Verdict,
)
"""Every model that travels or is stored, by name."""

_SYMBOL: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "type": "string",
        # Some exchange symbols hold letters beyond ASCII, so this names what is not allowed.
        "pattern": r"^[^\s!-/:-@\[-\^`a-z{-~]{1,40}$",
    }
)

_TYPES: Final[Mapping[ParameterType, Mapping[str, Any]]] = MappingProxyType(
    {
        ParameterType.INTEGER: {"type": "integer"},
        ParameterType.FLOAT: {"type": "number"},
        ParameterType.BOOLEAN: {"type": "boolean"},
        ParameterType.STRING: {"type": "string"},
        ParameterType.DICT: {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
        ParameterType.LIST: {"type": "array", "items": dict(_SYMBOL), "uniqueItems": True},
    }
)


def model_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of what a reader of `model` accepts; what has a default may be left out."""
    schema = _briefly_described(model.model_json_schema(mode="validation"))
    if "$defs" in schema:
        schema["$defs"] = {name: _briefly_described(inner) for name, inner in schema["$defs"].items()}
    return {"$schema": DIALECT, **schema}


def component_schemas(models: Iterable[type[BaseModel]], *, ref_template: str) -> dict[str, Any]:
    """Return, by name, the schemas of `models` and of all they refer to, for a document that holds them in one place.

    `ref_template` says where that is, such as `#/components/schemas/{model}`.
    """
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=ref_template)
    return {name: _briefly_described(schema) for name, schema in definitions["$defs"].items()}


def patch_schema() -> dict[str, Any]:
    """Return the schema of a policy patch: any of the catalogue's parameters, each within its bounds.

    It accepts whatever `validate_patch` accepts, and that function has the last word: JSON Schema cannot tell 10.0
    from 10 and knows no upper case beyond ASCII. `x-unit`, `x-group` and `x-risk` are the catalogue's.
    """
    return {
        "$schema": DIALECT,
        "title": "PolicyPatch",
        "description": "Trading parameters to set for one scope, each within the bounds of the catalogue.",
        "type": "object",
        "properties": {name: _parameter_schema(parameter) for name, parameter in CATALOGUE.items()},
        "additionalProperties": False,
    }


def _briefly_described(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the first paragraph of a docstring: what follows speaks to users of the Python class."""
    paragraph = schema.get("description", "").partition("\n\n")[0]
    return {**schema, "description": " ".join(paragraph.split())}


def _parameter_schema(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {
        **_TYPES[parameter.type],
        "description": parameter.description,
        "default": parameter.plain_default(),
        "examples": [parameter.example.plain_value()],
        "x-unit": str(parameter.unit),
        "x-group": str(parameter.group),
        "x-risk": str(parameter.risk),
    }
    if parameter.minimum is not None:
        schema["minimum"] = parameter.minimum
    if parameter.maximum is not None:
        schema["maximum"] = parameter.maximum
    if parameter.allowed_values is not None:
        schema["enum"] = list(parameter.allowed_values)
    if parameter.nullable:
        schema["type"] = [schema["type"], "null"]
        schema |= {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return schema
