"""Impact: what a change of one scope does to the values that orders meet. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from cio_strategist.domain.policy.loosening import direction_between, relative_loosening, same_value
from cio_strategist.domain.policy.outcome import Direction, Effect, ParameterChange
from petrosa_contracts import CATALOGUE, Parameter, PolicyLayer, ResolvedPolicy, Scope, ScopeKind, resolve
from petrosa_contracts.parameters.definition import plain
from petrosa_contracts.parameters.quoting import number_text

Layers: TypeAlias = Mapping[str, PolicyLayer]
"""Layers by scope key. Keys are scopes' keys, and values are valid or unknown to the catalogue."""

_NAMED = 5
"""How many symbols, strategies or scopes a phrase names before it only counts them."""

_RIVALS = {ScopeKind.STRATEGY: ScopeKind.SYMBOL, ScopeKind.SYMBOL_SIDE: ScopeKind.STRATEGY}
"""Kinds of scope whose orders can fall back to different values, and the kind that makes the difference."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which orders a change can reach."""

    symbols: tuple[str, ...]
    """Symbols reached that have a policy of their own, or are named by the scope."""
    strategies: tuple[str, ...]
    """Strategies reached that have a policy of their own, or are named by the scope."""
    all_symbols: bool
    all_strategies: bool


@dataclass(frozen=True, slots=True)
class _Step:
    """What one parameter goes from and to, for orders of one kind."""

    rival: str | None
    """The symbol or strategy with a setting of its own that they are of; None: of none that has one."""
    before: Any
    after: Any
    source_before: str
    source_after: str
    bound: str | None

    @property
    def likeness(self) -> object:
        """Equal for steps that can be told as one."""
        kinds = (self.source_before.partition(":")[0], self.source_after.partition(":")[0])
        return (*kinds, repr(self.before), repr(self.after), self.bound)


def changes_of(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[ParameterChange, ...]:
    """Return what differs between two sets of parameters of a scope; None is no set at all."""
    old, new = before or {}, after or {}
    return tuple(
        ParameterChange(name=name, before=old.get(name), after=new.get(name), was_set=name in old, is_set=name in new)
        for name in dict.fromkeys((*old, *new))
        if not (name in old and name in new and same_value(old[name], new[name]))
    )


def effects_of(before: Layers, after: Layers, scope: Scope) -> tuple[Effect, ...]:
    """Return what a change of the layer of `scope`, all else being equal, does to resolved values.

    Where the scope starts or stops to set a parameter, what orders meet without it comes from wider scopes and can
    differ between them: each transition is an effect of its own, and orders with the same one are told together.
    """
    return tuple(_Change(before, after, scope).effects())


def reach(layers: Layers, scope: Scope) -> Reach:
    """Return which orders a change of `scope` reaches, naming those that have a policy of their own."""
    scopes = [Scope.parse(key) for key in layers]
    symbols = (scope.symbol,) if scope.symbol else _distinct(other.symbol for other in scopes)
    strategies = (scope.strategy_id,) if scope.strategy_id else _distinct(other.strategy_id for other in scopes)
    return Reach(symbols, strategies, all_symbols=scope.symbol is None, all_strategies=scope.strategy_id is None)


def direction_of(effects: Iterable[Effect]) -> Direction:
    """Return what all effects together do to risk."""
    found = {effect.direction for effect in effects} - {Direction.NEUTRAL}
    if not found:
        return Direction.NEUTRAL
    return found.pop() if len(found) == 1 else Direction.MIXED


def loosening_of(effects: Iterable[Effect]) -> dict[str, float]:
    """Return how far each parameter is loosened where it is loosened most; those that are not are left out."""
    found: dict[str, float] = {}
    for effect in effects:
        if effect.loosening > 0:
            found[effect.name] = max(found.get(effect.name, 0.0), effect.loosening)
    return found


class _Change:
    """A change of one scope's layer, with each kind of order resolved once for all parameters."""

    def __init__(self, before: Layers, after: Layers, scope: Scope) -> None:
        self._scope = scope
        changes = changes_of(_parameters(before, scope), _parameters(after, scope))
        self._names = [change.name for change in changes if change.name in CATALOGUE]
        self._others = [(Scope.parse(key), layer.parameters) for key, layer in after.items() if key != scope.key]
        # Scopes that set none of the parameters make no difference to them, so few kinds of orders matter.
        kinds = (None, *{rival for name in self._names for rival in self._rivals(name)})
        self._resolved = {rival: (self._resolve(before, rival), self._resolve(after, rival)) for rival in kinds}

    def effects(self) -> Iterator[Effect]:
        """Yield the effects, parameter by parameter."""
        for name in self._names:
            rivals = self._rivals(name)
            narrower = [scope for scope, own in self._others if name in own and _narrows(scope, self._scope)]
            alike: dict[object, list[_Step]] = {}
            for step in self._steps(name, rivals):
                alike.setdefault(step.likeness, []).append(step)
            for steps in alike.values():
                members = [step.rival for step in steps]
                overridden = self._shared(narrower, rivals, frozenset(members))
                yield _effect(CATALOGUE[name], steps, self._words(rivals, members, overridden), overridden)

    def _rivals(self, name: str) -> frozenset[str]:
        """Return the symbols or strategies whose setting of a parameter holds where the scope sets none."""
        kind = _RIVALS.get(self._scope.kind)
        setters = (scope for scope, own in self._others if scope.kind is kind and name in own)
        return frozenset(filter(None, (scope.symbol or scope.strategy_id for scope in setters)))

    def _resolve(self, layers: Layers, rival: str | None) -> ResolvedPolicy:
        scope = self._scope
        if scope.kind is ScopeKind.STRATEGY:
            return resolve(layers, symbol=rival, strategy_id=scope.strategy_id)
        return resolve(layers, symbol=scope.symbol, strategy_id=rival, side=scope.side)

    def _steps(self, name: str, rivals: frozenset[str]) -> Iterator[_Step]:
        for rival in (None, *sorted(rivals)):
            was, now = self._resolved[rival]
            if not same_value(was[name], now[name]):
                sources = (was.provenance[name].scope, now.provenance[name].scope)
                yield _Step(rival, was[name], now[name], *sources, _bound(CATALOGUE[name], now))

    def _shared(
        self, narrower: Iterable[Scope], rivals: frozenset[str], members: frozenset[str | None]
    ) -> tuple[str, ...]:
        """Return the keys of those narrower scopes that share orders with `members`."""
        if self._scope.kind is ScopeKind.STRATEGY:  # members are symbols, and each narrower scope is of one
            narrower = [scope for scope in narrower if (scope.symbol if scope.symbol in rivals else None) in members]
        return tuple(sorted(scope.key for scope in narrower))

    def _words(self, rivals: frozenset[str], members: Sequence[str | None], overridden: Sequence[str]) -> str:
        """Return in words which orders `members` are."""
        scope = self._scope
        match scope.kind:
            case ScopeKind.GLOBAL:
                return "every order that no narrower scope decides" if overridden else "every order"
            case ScopeKind.SYMBOL:
                return f"orders on {scope.symbol}"
            case ScopeKind.STRATEGY:
                return f"orders of strategy {scope.strategy_id}{_which('on', 'symbols', rivals, members)}"
            case ScopeKind.SYMBOL_SIDE:
                return f"{scope.side} orders on {scope.symbol}{_which('of', 'strategies', rivals, members)}"


def _which(preposition: str, kind: str, rivals: frozenset[str], members: Sequence[str | None]) -> str:
    if len(members) == len(rivals) + 1:
        return ""
    if None not in members:
        return f" {preposition} {_listed(_distinct(members))}"
    if len(members) == 1:
        return f" {preposition} {kind} without a setting of their own"
    return f" {preposition} {kind} other than {_listed(_distinct(rivals.difference(members)))}"


def _effect(parameter: Parameter, steps: Sequence[_Step], applies_to: str, overridden_in: tuple[str, ...]) -> Effect:
    step = steps[0]
    return Effect(
        name=parameter.name,
        before=plain(step.before),
        after=plain(step.after),
        unit=parameter.unit.value,
        source_before=_listed(_distinct(step.source_before for step in steps)),
        source_after=_listed(_distinct(step.source_after for step in steps)),
        direction=direction_between(parameter, step.before, step.after),
        loosening=relative_loosening(parameter, step.before, step.after),
        applies_to=applies_to,
        overridden_in=overridden_in,
        bound=step.bound,
    )


def _narrows(other: Scope, scope: Scope) -> bool:
    """Whether `other` wins over `scope` for orders that both apply to, and there are any."""
    order = list(ScopeKind)
    if order.index(other.kind) <= order.index(scope.kind):
        return False
    return other.symbol is None or scope.symbol is None or other.symbol == scope.symbol


def _bound(parameter: Parameter, now: ResolvedPolicy) -> str | None:
    value, name = now[parameter.name], parameter.name
    leverage, ceiling = now["leverage"], now["max_leverage_bound"]
    if leverage > ceiling and name == "leverage":
        return f"above max_leverage_bound, {ceiling} x: the gate vetoes every entry"
    if leverage > ceiling and name == "max_leverage_bound":
        return f"below the leverage in force, {leverage} x: the gate vetoes every entry"
    if name == "portfolio_leverage_cap" and value == 0:
        return "0, which is no cap at all"
    if name == "allowed_symbols" and not value:
        return "an empty list, which allows every symbol"
    for bound, word in ((parameter.minimum, "minimum"), (parameter.maximum, "maximum")):
        if bound is not None and value == bound:
            return f"the {word} of the catalogue, {number_text(bound)} {parameter.unit}"
    return None


def _parameters(layers: Layers, scope: Scope) -> Mapping[str, Any] | None:
    layer = layers.get(scope.key)
    return None if layer is None else layer.parameters


def _distinct(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name is not None}))


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:_NAMED])} and {more} more"
