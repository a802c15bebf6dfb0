"""Primal limits as they bound trading parameters: which values lie beyond the hard ceilings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field

from petrosa_contracts.parameters import CATALOGUE
from petrosa_contracts.parameters.definition import plain
from petrosa_contracts.primal import PrimalLimits
from petrosa_contracts.sizing import decimal_of

_NAMED = 5
"""Values or symbols that a sentence names before it only counts them."""


class Excess(BaseModel):
    """One value that lies beyond a primal limit."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="The parameter, or the primal limit itself where somebody tried to change one.")
    asked: Any = Field(description="What was asked for.")
    limit: str = Field(description="The primal limit that it is beyond.")
    allowed: Any = Field(description="The largest value allowed, or what symbols may be traded against.")
    revision: int | None = Field(description="Revision of the limits; 0: the built-in tightest; null: there are none.")
    message: str = Field(description="All of it in a sentence.")
    suggested: Any = Field(default=None, description="What may be set instead; null if nothing of that kind may.")


@dataclass(frozen=True, slots=True)
class _Bound:
    limit: str
    """Name of the primal limit."""
    times: int = 1
    """Units of the parameter in one unit of the limit."""


_BOUNDS: Final[Mapping[str, _Bound]] = MappingProxyType(
    {
        "leverage": _Bound("leverage"),
        "max_leverage_bound": _Bound("leverage"),
        "max_position_size_usd": _Bound("order_notional_usd"),
        "min_position_size_usd": _Bound("order_notional_usd"),
        "position_size_pct": _Bound("exposure_share"),
        "max_portfolio_exposure_pct": _Bound("exposure_share"),
        "max_daily_loss_pct": _Bound("daily_loss_share"),
        "slippage_tolerance_pct": _Bound("price_deviation_share", times=100),
    }
)
_SYMBOLS: Final = "allowed_symbols"
_ASSETS: Final = "quote_assets"


def parameters_under(limit: str) -> tuple[str, ...]:
    """Return the parameters that a primal limit bounds."""
    if limit == _ASSETS:
        return (_SYMBOLS,)
    return tuple(name for name, bound in _BOUNDS.items() if bound.limit == limit)


def excesses(parameters: Mapping[str, Any], limits: PrimalLimits) -> tuple[Excess, ...]:
    """Return what of `parameters`, all valid by the catalogue, is beyond `limits`. Limits are inclusive.

    An empty list of symbols, which stands for all of them, is no excess: the gate looks at each symbol.
    """
    return tuple(_found(parameters, limits))


def in_words(found: Sequence[Excess]) -> str:
    """Return the sentences of several excesses as one text."""
    more = len(found) - _NAMED
    return "; ".join(each.message for each in found[:_NAMED]) + (f"; and {more} more" if more > 0 else "")


def source_in_words(limits: PrimalLimits) -> str:
    """Return which limits these are: a revision of the file, or the built-in ones."""
    return "the built-in tightest limits" if limits.revision == 0 else f"revision {limits.revision}"


def number_of(value: Decimal) -> float:
    """Return a limit as the JSON number that reads back as exactly that: limits have at most 15 digits."""
    return int(value) if value == value.to_integral_value() else float(value)


def _found(parameters: Mapping[str, Any], limits: PrimalLimits) -> Iterator[Excess]:
    for name, value in parameters.items():
        if name == _SYMBOLS:
            yield from _symbols(value, limits)
        elif (bound := _BOUNDS.get(name)) is not None:
            allowed = Decimal(getattr(limits, bound.limit)) * bound.times
            if decimal_of(value) > allowed:
                yield _excess(name, value, bound.limit, allowed, limits)


def _excess(name: str, value: float, limit: str, allowed: Decimal, limits: PrimalLimits) -> Excess:
    parameter = CATALOGUE[name]
    number = number_of(allowed)
    reachable = parameter.minimum is None or decimal_of(parameter.minimum) <= allowed
    return Excess(
        name=name,
        asked=plain(value),
        limit=limit,
        allowed=number,
        revision=limits.revision,
        message=f"{name} of {value} {parameter.unit} is above {number} {parameter.unit}, the primal limit {limit} of "
        f"{source_in_words(limits)}, which no running process can change",
        suggested=number if reachable else None,
    )


def _symbols(value: object, limits: PrimalLimits) -> Iterator[Excess]:
    symbols = cast("Sequence[str]", value)
    beyond = [symbol for symbol in symbols if not limits.allows_quote_of(symbol)]
    if not beyond:
        return
    assets = ", ".join(limits.quote_assets)
    shown = ", ".join(beyond[:_NAMED]) + (" and others" if len(beyond) > _NAMED else "")
    yield Excess(
        name=_SYMBOLS,
        asked=list(symbols),
        limit=_ASSETS,
        allowed=list(limits.quote_assets),
        revision=limits.revision,
        message=f"{_SYMBOLS} names {shown}, not traded against {assets}, the primal limit {_ASSETS} of "
        f"{source_in_words(limits)}, which no running process can change",
        suggested=[symbol for symbol in symbols if symbol not in beyond] or None,
    )
