"""Config documents of the fleet read as policy layers, and layers written as such documents. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cio_strategist.adapters.mongo.collections import (
    CONFIGS,
    GLOBAL,
    STRATEGIES,
    SYMBOL_SIDES,
    SYMBOLS,
)
from cio_strategist.adapters.mongo.values import Document, iso_text, read_count, read_text, read_time, to_text
from petrosa_contracts import PolicyLayer, Scope, ScopeKind

_COLLECTION = {
    ScopeKind.GLOBAL: GLOBAL,
    ScopeKind.SYMBOL: SYMBOLS,
    ScopeKind.SYMBOL_SIDE: SYMBOL_SIDES,
    ScopeKind.STRATEGY: STRATEGIES,
}
_GLOBAL_ID = "global"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document lies."""

    collection: str
    id: Any


@dataclass(frozen=True, slots=True)
class FoundConfig:
    """What the config collections hold for one scope."""

    text: str
    """The layer as JSON text, in the form that Redis keeps."""
    created_at: datetime | None
    places: tuple[Place, ...]
    """Every document of the scope, the one that counts first."""


@dataclass(frozen=True, slots=True)
class ConfigWrite:
    """How one scope's layer is written: these documents go, and this one is put in their place."""

    removed: tuple[Place, ...] = ()
    kept: Place | None = None
    """The document that is replaced; None: a new one."""
    collection: str | None = None
    """Where a new one goes."""
    document: dict[str, Any] = field(default_factory=dict[str, Any])
    """Empty if nothing is put there."""


def read_configs(stored: Mapping[str, Sequence[Document]]) -> dict[str, FoundConfig]:
    """Read all config documents, by collection, into what counts for each scope key.

    Where several documents speak of one scope (collections of two generations, two writers at once, several
    spellings of a symbol), the one counts that an engine would find: the newer collection, the right spelling, then
    the higher version. A document whose scope makes no sense is kept under a key that is no scope's.
    """
    found: dict[str, list[tuple[tuple[bool, int, bool, int], Place, Document]]] = {}
    for collection in CONFIGS:
        for document in stored.get(collection, ()):
            key, exact = _scope_key(collection, document)
            rank = (exact, -CONFIGS.index(collection), document.get("_id") == _GLOBAL_ID, _version_rank(document))
            found.setdefault(key, []).append((rank, Place(collection, document.get("_id")), document))
    return {key: _found(key, [entry[1:] for entry in _best_first(entries)]) for key, entries in found.items()}


def write_config(key: str, text: str | None, found: FoundConfig | None) -> ConfigWrite:
    """Say how the layer `text` replaces what was found for the scope `key`; None: it is deleted."""
    places = () if found is None else found.places
    if text is None:
        return ConfigWrite(removed=places)
    layer = PolicyLayer.model_validate_json(text)
    scope = Scope.parse(key)
    collection = _COLLECTION[scope.kind]
    kept = next((place for place in places if _fits(place, collection)), None)
    return ConfigWrite(
        removed=tuple(place for place in places if place != kept),
        kept=kept,
        collection=collection,
        document=config_document(scope, layer, created_at=None if found is None else found.created_at),
    )


def config_document(scope: Scope, layer: PolicyLayer, *, created_at: datetime | None) -> dict[str, Any]:
    """Return the document of a layer, every key present; `created_at` is carried over from the document before."""
    document: dict[str, Any] = {"_id": _GLOBAL_ID} if scope.kind is ScopeKind.GLOBAL else {}
    return document | {
        "id": None,
        "strategy_id": scope.strategy_id,
        "symbol": scope.symbol,
        "side": None if scope.side is None else str(scope.side),
        "parameters": dict(layer.parameters),
        "version": layer.version,
        "created_at": created_at or layer.updated_at,
        "updated_at": layer.updated_at,
        "created_by": layer.updated_by,
        "metadata": {},
    }


def layer_text(key: str, document: Document) -> str:
    """Return a document as the JSON text of a layer. What cannot be is passed on, for the reader of layers to judge."""
    updated_at = read_time(document.get("updated_at"))
    version = document.get("version", 1)
    count = read_count(version)
    return to_text(
        {
            "scope": key,
            "version": version if count is None else count,
            "parameters": document.get("parameters"),
            "updated_at": None if updated_at is None else iso_text(updated_at),
            "updated_by": read_text(document.get("created_by")) or "unknown",
        }
    )


def _found(key: str, entries: Sequence[tuple[Place, Document]]) -> FoundConfig:
    _, best = entries[0]
    return FoundConfig(
        text=layer_text(key, best),
        created_at=read_time(best.get("created_at")),
        places=tuple(place for place, _ in entries),
    )


def _best_first(
    entries: list[tuple[tuple[bool, int, bool, int], Place, Document]],
) -> list[tuple[tuple[bool, int, bool, int], Place, Document]]:
    return sorted(entries, key=lambda entry: entry[0], reverse=True)


def _scope_key(collection: str, document: Document) -> tuple[str, bool]:
    """Return the key that a document speaks of, and whether it spells its names as the key does."""
    if collection == GLOBAL:
        return ScopeKind.GLOBAL.value, True
    if collection == STRATEGIES:
        return f"{ScopeKind.STRATEGY}:{read_text(document.get('strategy_id')) or ''}", True
    symbol = read_text(document.get("symbol")) or ""
    if collection == SYMBOL_SIDES:
        return f"{ScopeKind.SYMBOL_SIDE}:{symbol.upper()}:{document.get('side')}", symbol == symbol.upper()
    return f"{ScopeKind.SYMBOL}:{symbol.upper()}", symbol == symbol.upper()


def _version_rank(document: Document) -> int:
    return read_count(document.get("version")) or 0


def _fits(place: Place, collection: str) -> bool:
    return place.collection == collection and (collection != GLOBAL or place.id == _GLOBAL_ID)
