"""What is stored at one moment, and what a change wants written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Generic, Self, TypeAlias, TypeVar, cast

from pydantic import BaseModel, ValidationError

from cio_strategist.domain.policy.audit import AuditRecord
from cio_strategist.domain.policy.loosening import Loosened
from cio_strategist.domain.policy.outcome import Told
from cio_strategist.domain.policy.proposal import Proposal
from cio_strategist.errors import StoreUnreadableError, UsageError
from petrosa_contracts import (
    PolicyLayer,
    PolicySnapshot,
    PolicyUnreadableError,
    Scope,
    ScopeError,
    ScopeKind,
    validate_patch,
)

Fields: TypeAlias = Mapping[str, str | None]
"""Fields of a hash to write: JSON text, or None to delete the field."""

OutcomeT = TypeVar("OutcomeT", bound=Told)

_ANY_TIME = datetime.min.replace(tzinfo=UTC)


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request that carried an idempotency key."""

    key: str
    """The caller's name and its key."""
    fingerprint: str
    """Digest of what was asked, so that the key cannot be used for something else."""
    outcome: str
    """The answer as JSON text."""
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """Policy and control as they lie in a store, unread, all of one moment."""

    epoch: int | None = None
    """Count of the writes to this store so far; None: there never was one, and for Redis, the gate is BLIND."""
    layers: Mapping[str, str] = field(default_factory=_nothing)
    """Field of `cio:policy` to its JSON text."""
    versions: Mapping[str, str] = field(default_factory=_nothing)
    """Field of `cio:policy:versions` to the last version given to that scope, as text."""
    control: Mapping[str, str] = field(default_factory=_nothing)
    """Field of `cio:control` to its JSON text."""
    loosened: tuple[Loosened, ...] = ()
    """What was loosened of late, oldest first, for as long as budgets look back. Redis keeps none."""
    pending: Mapping[str, Proposal] = field(default_factory=_nothing)
    """Proposals that wait for an operator, by id. Redis keeps none."""


@dataclass(frozen=True, slots=True)
class Write:
    """Everything that one change writes, in one transaction."""

    scope: str | None
    """Whom it concerns; goes into the hint that readers are sent."""
    layers: Fields = field(default_factory=_nothing)
    versions: Mapping[str, int] = field(default_factory=_nothing)
    control: Fields = field(default_factory=_nothing)
    loosens: bool = False
    """Whether its control lets more pass at any time than before."""
    audit: AuditRecord | None = None
    """Its record for the trail. Redis keeps none."""
    also_audit: tuple[AuditRecord, ...] = ()
    """Further records of the same change, where it concerns several scopes."""
    proposals: tuple[Proposal, ...] = ()
    """Proposals to file, and those that were decided or overtaken. Redis keeps none."""
    answer: Answer | None = None
    """What to answer when the same request comes again. Redis keeps none."""


@dataclass(frozen=True, slots=True)
class Change:
    """A decision about what is stored. `write` is None where there is nothing to do."""

    write: Write | None


@dataclass(frozen=True, slots=True)
class Decided(Change, Generic[OutcomeT]):
    """A decision with what to tell whoever asked for it."""

    outcome: OutcomeT


@dataclass(frozen=True, slots=True)
class Recorded(Change):
    """A decision to write nothing but a record."""

    record: AuditRecord

    @classmethod
    def of(cls, record: AuditRecord) -> Self:
        """Return the decision to write `record`."""
        return cls(Write(scope=None, audit=record), record)


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """One field of `cio:policy`, read as far as it can be."""

    field: str
    layer: PolicyLayer | None
    """What it says; None if not even its form is that of a layer."""
    problem: str | None
    """Why the gate does not believe it; None if it does."""


def read_layer(field: str, text: str) -> StoredLayer:
    """Read one stored layer by the same rule as the gate, and keep what can be read of one that it would refuse."""
    try:
        snapshot = PolicySnapshot.read(0, {field: text}, as_of=_ANY_TIME)
    except PolicyUnreadableError as error:
        problem = str(error)
    else:
        return StoredLayer(field, snapshot.layers[field], None)
    try:
        return StoredLayer(field, PolicyLayer.model_validate_json(text), problem)
    except ValidationError:
        return StoredLayer(field, None, problem)


def layers_in_force(fields: Mapping[str, str]) -> dict[str, PolicyLayer]:
    """Return what the stored layers say, by scope key, without values that the catalogue does not allow.

    What cannot be read at all is left out: it says nothing that could be compared.
    """
    found: dict[str, PolicyLayer] = {}
    for field_name, text in fields.items():
        stored = read_layer(field_name, text)
        if stored.layer is not None and _is_scope(field_name):
            found[field_name] = stored.layer if stored.problem is None else _believable(stored.layer)
    return found


def own_parameters(text: str | None) -> dict[str, Any] | None:
    """Return the parameters in a stored layer's text; None if there is no layer, or none that can be read."""
    if text is None:
        return None
    try:
        return PolicyLayer.model_validate_json(text).parameters
    except ValidationError:
        return None


def _believable(layer: PolicyLayer) -> PolicyLayer:
    good = {name: value for name, value in layer.parameters.items() if not validate_patch({name: value})}
    return layer.model_copy(update={"parameters": good})


def _is_scope(name: str) -> bool:
    try:
        return Scope.parse(name).key == name
    except ScopeError:
        return False


def layer_version(stored: StoredPolicy, field: str) -> int:
    """Return the version that the layer under `field` tells; 0 if there is no layer, or none that tells one."""
    text = stored.layers.get(field)
    if text is None:
        return 0
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError):
        return 0
    version = cast("dict[str, object]", content).get("version") if isinstance(content, dict) else None
    return version if isinstance(version, int) and not isinstance(version, bool) and version > 0 else 0


def last_version(stored: StoredPolicy, field: str) -> int:
    """Return the version that `field` is at; 0 if it never had one.

    Each change of a scope takes the next one, removing its layer included, so no number ever means two contents.

    Raises `StoreUnreadableError` if the remembered version is not a number.
    """
    remembered = stored.versions.get(field, "0")
    if not (remembered.isascii() and remembered.isdigit()):
        raise StoreUnreadableError(
            f"the last version remembered for {field!r} is {remembered[:40]!r}, which is no number"
        )
    return max(int(remembered), layer_version(stored, field))


def scope_order(field: str) -> tuple[int, str]:
    """Sort key for fields named after scopes: global, symbols, strategies, symbol sides, then names that are none."""
    kinds = list(ScopeKind)
    try:
        return kinds.index(Scope.parse(field).kind), field
    except ScopeError:
        return len(kinds), field


def to_json(model: BaseModel) -> str:
    """Return the JSON text under which `model` is stored. Raises `UsageError` for text that UTF-8 cannot hold."""
    try:
        return model.model_dump_json()
    except ValueError as error:
        raise UsageError("this holds text that is not valid UTF-8 and cannot be stored") from error
