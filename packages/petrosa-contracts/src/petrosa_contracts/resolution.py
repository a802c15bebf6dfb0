"""Resolution: from layers to the values in force for one order, and where each came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from petrosa_contracts.parameters import CATALOGUE
from petrosa_contracts.parameters.definition import plain, read_only
from petrosa_contracts.policy import PolicyLayer
from petrosa_contracts.scope import Scope, Side

DEFAULTS_SCOPE = "defaults"
"""Name of the lowest layer: the catalogue's own values, which no scope has set."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """The layer that set a value: its scope key (or `defaults`) and its version (0 for the defaults)."""

    scope: str
    version: int


_FROM_DEFAULTS = Provenance(DEFAULTS_SCOPE, 0)
_DEFAULTS: Mapping[str, Any] = MappingProxyType({name: parameter.default for name, parameter in CATALOGUE.items()})


@dataclass(frozen=True, slots=True)
class ResolvedPolicy:
    """The value of every parameter of the catalogue for one order, each with the layer that set it.

    Nothing in it can be changed: maps are read-only and lists are tuples, because it is shared by all who ask.
    """

    values: Mapping[str, Any]
    provenance: Mapping[str, Provenance]
    scopes: tuple[str, ...]
    """Keys of all scopes that the order touches, widest first, whether or not they set anything."""
    layers: Mapping[str, PolicyLayer] = field(default_factory=lambda: MappingProxyType({}))
    """The layers it was resolved from, by scope key: resolving them again gives the same policy."""

    def __getitem__(self, name: str) -> Any:
        """Return the value in force of the parameter `name`; `KeyError` if the catalogue has no such parameter."""
        return self.values[name]

    def plain(self) -> dict[str, Any]:
        """Return the values as plain JSON types; changing the result changes nothing else."""
        return {name: plain(value) for name, value in self.values.items()}


@lru_cache(maxsize=4096)
def layer_keys(*, symbol: str | None, strategy_id: str | None, side: Side | None) -> tuple[str, ...]:
    """Return the scope keys that apply to an order, widest first.

    `side` without `symbol` names no scope and is left out.
    """
    keys = [Scope.everything().key]
    if symbol is not None:
        keys.append(Scope.of_symbol(symbol).key)
    if strategy_id is not None:
        keys.append(Scope.of_strategy(strategy_id).key)
    if symbol is not None and side is not None:
        keys.append(Scope.of_symbol_side(symbol, side).key)
    return tuple(keys)


def resolve(
    layers: Mapping[str, PolicyLayer],
    *,
    symbol: str | None = None,
    strategy_id: str | None = None,
    side: Side | None = None,
) -> ResolvedPolicy:
    """Resolve the policy in force: defaults, then global, symbol, strategy and symbol-side, the later winning.

    Values win key by key; a nested map is replaced whole. Names that the catalogue does not know are left out. Leave
    `symbol`, `strategy_id` or `side` out to see what holds without them.
    """
    values = dict(_DEFAULTS)
    provenance = dict.fromkeys(_DEFAULTS, _FROM_DEFAULTS)
    scopes = layer_keys(symbol=symbol, strategy_id=strategy_id, side=side)
    touched = {key: layers[key] for key in scopes if key in layers}
    for key, layer in touched.items():
        source = Provenance(key, layer.version)
        for name, value in layer.parameters.items():
            if name in CATALOGUE:
                values[name] = read_only(value)
                provenance[name] = source
    return ResolvedPolicy(MappingProxyType(values), MappingProxyType(provenance), scopes, MappingProxyType(touched))
