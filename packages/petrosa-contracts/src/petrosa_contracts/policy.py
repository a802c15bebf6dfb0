"""Policy as it is stored and read: one layer per scope, and the immutable snapshot of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from petrosa_contracts.instant import UtcDatetime
from petrosa_contracts.parameters import CATALOGUE, validate_patch
from petrosa_contracts.scope import Scope, ScopeError


class PolicyUnreadableError(ValueError):
    """A stored layer or epoch that cannot be trusted. The reader keeps its last good snapshot and says so."""


class PolicyLayer(BaseModel):
    """The parameters that one scope sets, as stored in the hash `cio:policy`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    scope: str = Field(description="Scope key this layer speaks about, such as `symbol:BTCUSDT`.")
    version: int = Field(ge=1, description="Counts the changes of this scope, from 1, without gaps.")
    parameters: dict[str, Any] = Field(description="Only what this scope sets; all else comes from wider scopes.")
    updated_at: UtcDatetime | None = Field(default=None, description="When it was last changed, UTC.")
    updated_by: str = Field(default="unknown", description="Who changed it last.")


@dataclass(frozen=True, slots=True)
class PolicySnapshot:
    """All layers at one epoch. Swapped whole, never changed in place."""

    epoch: int
    as_of: datetime
    """When it was read from the store, aware UTC."""
    layers: Mapping[str, PolicyLayer]
    """By scope key."""
    unknown_parameters: tuple[str, ...] = field(default=())
    """`scope/parameter` names that this version does not know. They are kept and have no effect."""

    @classmethod
    def read(cls, epoch: int, stored: Mapping[str, str | bytes], *, as_of: datetime) -> Self:
        """Build a snapshot from the fields of the hash `cio:policy`.

        Every known parameter is validated against the catalogue: a store that holds an impossible limit is not
        believed. Raises `PolicyUnreadableError` naming the scope and what is wrong with it.
        """
        layers: dict[str, PolicyLayer] = {}
        unknown: list[str] = []
        for key, text in stored.items():
            layer = _read_layer(key, text)
            layers[layer.scope] = layer
            unknown += [f"{layer.scope}/{name}" for name in layer.parameters if name not in CATALOGUE]
        return cls(epoch=epoch, as_of=as_of, layers=MappingProxyType(layers), unknown_parameters=tuple(unknown))


def _read_layer(key: str, text: str | bytes) -> PolicyLayer:
    try:
        scope = Scope.parse(key)
        layer = PolicyLayer.model_validate_json(text)
    except ScopeError as error:
        raise PolicyUnreadableError(f"policy of {key!r} cannot be read: {error}") from error
    except ValidationError as error:
        raise PolicyUnreadableError(f"policy of {key!r} cannot be read: {_faults(error)}") from error
    if not key == layer.scope == scope.key:
        raise PolicyUnreadableError(
            f"policy stored under {key!r} for {layer.scope!r} should say {scope.key!r} in both places"
        )
    known = {name: value for name, value in layer.parameters.items() if name in CATALOGUE}
    if errors := validate_patch(known):
        raise PolicyUnreadableError(f"policy of {key!r} is not valid: " + "; ".join(e.message for e in errors))
    return layer


def _faults(error: ValidationError) -> str:
    """Return what is wrong on one line: the reason ends in messages that a person reads."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}".removeprefix(": ") for fault in faults)
