"""The trading parameters: what each one is, what it may hold, and whether a set of values is valid."""

from petrosa_contracts.parameters.catalogue import CATALOGUE, default_parameters
from petrosa_contracts.parameters.definition import Example, Group, Parameter, ParameterType, Risk, Unit
from petrosa_contracts.parameters.rendering import render_markdown
from petrosa_contracts.parameters.validation import ParameterError, validate_patch

__all__ = [
    "CATALOGUE",
    "Example",
    "Group",
    "Parameter",
    "ParameterError",
    "ParameterType",
    "Risk",
    "Unit",
    "default_parameters",
    "render_markdown",
    "validate_patch",
]
