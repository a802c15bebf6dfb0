"""What tools answer where no value of the services says it already."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from cio_strategist.domain.policy.views import ControlView, LayerView
from cio_strategist.gateway.problems import FieldProblem
from cio_strategist.gateway.routes.policy import ParameterView


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Catalogue(_Answer):
    """Parameters with everything known about them."""

    parameters: dict[str, ParameterView]


class Defaults(_Answer):
    """What holds where no scope sets anything."""

    parameters: dict[str, Any]


class ConfigList(_Answer):
    """Every scope that sets something."""

    configs: tuple[LayerView, ...]


class Validation(_Answer):
    """Whether values may be stored."""

    valid: bool
    errors: tuple[FieldProblem, ...]
    message: str


class ControlList(_Answer):
    """What is restricted by hand."""

    controls: tuple[ControlView, ...]
    message: str
