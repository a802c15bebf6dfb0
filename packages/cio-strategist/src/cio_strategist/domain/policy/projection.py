"""What Redis should show of the authority's store, what it shows, and what to do about the difference. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cio_strategist.domain.policy.stored import Fields, StoredPolicy, read_layer
from petrosa_contracts.rediskeys import CONTROL, POLICY, POLICY_EPOCH, POLICY_REVISION, POLICY_VERSIONS

_CONTENT = (POLICY, POLICY_VERSIONS, CONTROL)


def _nothing() -> Fields:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Shown:
    """What Redis shows."""

    policy: StoredPolicy
    """Its epoch, layers, versions and control."""
    revision: int | None
    """Revision of the authority that it shows; None: no authority ever wrote to it."""
    damaged: tuple[str, ...] = ()
    """Keys that hold something of another kind; they read as missing."""

    @property
    def is_empty(self) -> bool:
        """Whether it shows no layer and no control."""
        return not self.policy.layers and not self.policy.control


@dataclass(frozen=True, slots=True)
class Update:
    """Everything that one write to Redis changes, in one transaction."""

    revision: int | None
    """Revision that it shows from then on; None: the one it shows stays."""
    layers: Fields = field(default_factory=_nothing)
    versions: Fields = field(default_factory=_nothing)
    control: Fields = field(default_factory=_nothing)
    removed_keys: tuple[str, ...] = ()
    """Keys that are removed first, whatever they hold."""
    starts: bool = False
    """Whether it gives an epoch to a Redis that has none, which alone makes an empty policy valid."""

    @property
    def counts(self) -> bool:
        """Whether gates have to be told, so that the epoch is counted on."""
        content = set(self.removed_keys) - {POLICY_REVISION}
        return self.starts or bool(self.layers or self.versions or self.control or content)

    @property
    def fields(self) -> tuple[str, ...]:
        """What differs, as `key/field`, or the key where it is damaged or missing as a whole."""
        parts = ((POLICY, self.layers), (POLICY_VERSIONS, self.versions), (CONTROL, self.control))
        fields = tuple(f"{key}/{name}" for key, names in parts for name in sorted(names))
        epoch = (POLICY_EPOCH,) if self.starts else ()
        return tuple(dict.fromkeys((*self.removed_keys, *epoch, *fields)))

    @property
    def scope(self) -> str | None:
        """The one scope that it concerns; None if it is not exactly one."""
        names = {*self.layers, *self.control}
        return names.pop() if len(names) == 1 else None


def update_towards(stored: StoredPolicy, shown: Shown, *, unreadable: bool = False) -> Update | None:
    """Return what makes Redis show `stored`; None if it does.

    Where `stored` is `unreadable` for gates, only control is carried on, because a halt must not wait for a repair;
    policy, and the revision with it, stays as it is shown.
    """
    present = shown.policy
    control = _difference(stored.control, present.control)
    if unreadable:
        damaged = tuple(key for key in shown.damaged if key == CONTROL)
        # Without an epoch the gate is BLIND, which is stricter than any halt; giving it one would make it ACTIVE.
        return Update(None, control=control, removed_keys=damaged) if control and present.epoch is not None else None
    update = Update(
        revision=stored.epoch or 0,
        layers=_difference(stored.layers, present.layers),
        versions=_difference(stored.versions, present.versions),
        control=control,
        removed_keys=shown.damaged,
        starts=present.epoch is None,
    )
    return update if update.counts or update.removed_keys or update.revision != shown.revision else None


def written_afresh(stored: StoredPolicy, shown: Shown) -> Update:
    """Return what makes Redis show `stored` whatever it shows, every field written anew."""
    return Update(
        revision=stored.epoch or 0,
        layers=stored.layers,
        versions=stored.versions,
        control=stored.control,
        removed_keys=tuple(dict.fromkeys((*_CONTENT, *shown.damaged))),
        starts=True,
    )


def problems_of(stored: StoredPolicy) -> tuple[str, ...]:
    """Return why gates would not believe the layers of `stored`, one sentence for each that they would refuse."""
    found = (read_layer(name, text).problem for name, text in sorted(stored.layers.items()))
    return tuple(problem for problem in found if problem is not None)


def is_blank(stored: StoredPolicy) -> bool:
    """Whether nothing was ever written to a store, not even an empty policy."""
    return stored.epoch is None and not stored.layers and not stored.control


def _difference(wanted: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str | None]:
    changed: dict[str, str | None] = {name: text for name, text in wanted.items() if present.get(name) != text}
    return changed | dict.fromkeys(name for name in present if name not in wanted)
