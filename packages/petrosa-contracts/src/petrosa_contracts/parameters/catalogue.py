"""The catalogue: every trading parameter by name, and the values that hold where nobody sets any."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from petrosa_contracts.parameters.advanced import ADVANCED
from petrosa_contracts.parameters.definition import Parameter
from petrosa_contracts.parameters.leverage_bound import LEVERAGE_BOUND
from petrosa_contracts.parameters.order_execution import ORDER_EXECUTION
from petrosa_contracts.parameters.position_sizing import POSITION_SIZING
from petrosa_contracts.parameters.risk_management import RISK_MANAGEMENT
from petrosa_contracts.parameters.signal_processing import SIGNAL_PROCESSING
from petrosa_contracts.parameters.weights import WEIGHTS

CATALOGUE: Mapping[str, Parameter] = MappingProxyType(
    {
        parameter.name: parameter
        for parameter in (
            *ORDER_EXECUTION,
            *POSITION_SIZING,
            *RISK_MANAGEMENT,
            *SIGNAL_PROCESSING,
            *WEIGHTS,
            *ADVANCED,
            *LEVERAGE_BOUND,
        )
    }
)
"""Every parameter by name, group by group. The order is stable; nothing in it can be changed."""


def default_parameters() -> dict[str, Any]:
    """Return the default of every parameter as plain JSON types, in the order of the catalogue.

    Each call gives fresh copies, nested maps and lists included: what a caller does to them reaches nobody else.
    """
    return {name: parameter.plain_default() for name, parameter in CATALOGUE.items()}
