"""Troubles with the portfolio: a limit that it is beyond, and a position mode that is not the policy's.

Only a gate can see them, because nobody else knows both the portfolio and the limits. They are found by what the gates
`daily_loss`, `drawdown` and `primal_limit` compare, without an intent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from cio_decision.breaches import amount
from cio_decision.headroom import daily_loss
from cio_decision.prices import PERCENT
from petrosa_contracts import PolicyLayer, PortfolioState, Scope, resolve
from petrosa_contracts.primal import PRIMAL_SCOPE, PrimalLimits
from petrosa_contracts.resolution import Provenance
from petrosa_contracts.sizing import decimal_of

MOST_NAMED = 5
"""As many scopes are named in one sentence; of more, how many they are."""

_EVERYWHERE = Scope.everything().key


class Known(NamedTuple):
    """What a gate knows of portfolio and limits at one moment."""

    state: PortfolioState
    drawdown_limit: Decimal
    layers: Mapping[str, PolicyLayer]
    primal: PrimalLimits | None
    today: date
    """UTC day by the gate's clock."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """That a limit of one scope is passed, or that its position mode is not the account's.

    Equal while it is the same one: whatever else is changed in the scope, and until the latch begins anew.
    """

    scope: str
    rule: str = field(compare=False)
    """What the scope says and since which version, such as `0.05 (global, version 3)`."""
    day: date | None = None
    """UTC day of the loss; None for what no midnight ends."""
    cleared: datetime | None = None
    """When an operator cleared the latch last before."""

    @property
    def is_everywhere(self) -> bool:
        """Whether it holds wherever no narrower scope says otherwise."""
        return ":" not in self.scope


class Found(NamedTuple):
    """The troubles of one kind at one moment."""

    fact: str
    """What is so, up to where the rules are named."""
    troubles: frozenset[Trouble]


_NOTHING = Found("", frozenset())


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of trouble: how it is found, and what is told of it, in parts of sentences without a full stop."""

    name: str
    look: Callable[[Known], Found]
    advice: str
    """What follows, until when, and what an operator can do."""
    allowed: str
    """Why one is over that neither midnight nor an operator ended."""
    latch: str = ""
    """What an operator can clear; empty for what is not latched and stops nothing."""

    def why_over(self, trouble: Trouble, known: Known) -> str:
        """Return why a trouble is over."""
        if trouble.day not in {None, known.today}:
            return "a new UTC day has begun"
        cleared = known.state.cleared.get(self.latch)
        if cleared is not None and cleared != trouble.cleared:
            return f"an operator cleared it at {cleared:%H:%M:%S}Z"
        return self.allowed


def _daily_loss(known: Known) -> Found:
    """Look at the latched loss of the UTC day under the limit of every scope, and under the primal one."""
    loss = daily_loss(known.state, known.today)
    if loss is None:
        return _NOTHING
    limits = [(source, decimal_of(value)) for source, value in _set_values("max_daily_loss_pct", known.layers)]
    if known.primal is not None:
        limits.append((Provenance(PRIMAL_SCOPE, known.primal.revision), known.primal.daily_loss_share))
    cleared = known.state.cleared.get("daily-loss")
    return Found(
        f"{amount(loss.amount)} USD were lost today of the {amount(loss.equity)} that the day began with, beyond the "
        "limit of",
        frozenset(
            Trouble(source.scope, _rule(amount(limit), source), known.state.day, cleared)
            for source, limit in limits
            if not loss.is_within(limit)
        ),
    )


def _drawdown(known: Known) -> Found:
    """Look at the latched fall of equity from its peak under the limit of this gate's settings."""
    state = known.state
    if state.drawdown_latched <= known.drawdown_limit:
        return _NOTHING
    rule = f"{_percent(known.drawdown_limit)} (NURSE_DRAWDOWN_LIMIT_PCT)"
    now = "" if state.equity is None else f" and is {amount(state.equity)} USD now"
    return Found(
        f"equity fell {_percent(state.drawdown_latched)} below its peak{now}, beyond the limit of",
        frozenset({Trouble("settings", rule, cleared=state.cleared.get("drawdown"))}),
    )


def _position_mode(known: Known) -> Found:
    """Look at the account's position mode beside that of every scope."""
    account = known.state.position_mode
    if account is None:
        return _NOTHING
    return Found(
        f"the account's position mode is {account} and policy says",
        frozenset(
            Trouble(source.scope, _rule(mode, source))
            for source, mode in _set_values("position_mode", known.layers)
            if mode != account
        ),
    )


KINDS = (
    Kind(
        "daily_loss",
        _daily_loss,
        advice=(
            "where that limit holds, entries are vetoed and only what reduces risk passes, until midnight UTC or until "
            "an operator clears it (cio-policy latch clear daily-loss)"
        ),
        allowed="what is latched is within its limit now, or it has none of its own",
        latch="daily-loss",
    ),
    Kind(
        "drawdown",
        _drawdown,
        advice=(
            "entries are vetoed and only what reduces risk passes, until an operator clears it "
            "(cio-policy latch clear drawdown)"
        ),
        allowed="what is latched is within the limit now",
        latch="drawdown",
    ),
    Kind(
        "position_mode",
        _position_mode,
        advice=(
            "there an order that opposes a position counts as an entry, and only close is an exit; the account, the "
            "engine and the parameter position_mode have to agree"
        ),
        allowed="its mode is the account's now, or it has none of its own",
    ),
)
"""All kinds, in the order in which they are told."""


def named(troubles: Iterable[Trouble]) -> str:
    """Return the rules of some troubles, the widest first."""
    rules = [each.rule for each in sorted(troubles, key=lambda each: (not each.is_everywhere, each.scope))]
    more = f" and {len(rules) - MOST_NAMED} more" if len(rules) > MOST_NAMED else ""
    return ", ".join(rules[:MOST_NAMED]) + more


def _set_values(parameter: str, layers: Mapping[str, PolicyLayer]) -> Iterator[tuple[Provenance, Any]]:
    """Yield the value of a parameter that holds without any narrower scope, then each that a narrower one sets."""
    everywhere = resolve(layers)
    yield everywhere.provenance[parameter], everywhere[parameter]
    for key, layer in layers.items():
        if key != _EVERYWHERE and parameter in layer.parameters:
            yield Provenance(key, layer.version), layer.parameters[parameter]


def _rule(value: str, source: Provenance) -> str:
    return f"{value} ({source.scope}, version {source.version})"


def _percent(share: Decimal) -> str:
    return f"{amount(share * PERCENT)} %"
