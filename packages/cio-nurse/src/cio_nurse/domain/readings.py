"""Readings: what is stored about market, regime and portfolio, believed or not.

Stored values come from other processes: a value that cannot be read, speaks of another symbol than it is stored for, or
is dated in the future is not believed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from petrosa_contracts import MarketState, PortfolioState, RegimeStatus, Scope

MARKET_AS_A_WHOLE = Scope.everything().key
"""Field of the hash of regimes that speaks of no symbol in particular."""

IN_THE_FUTURE = "it is dated in the future"

V = TypeVar("V")
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Unbelievable:
    """Why a stored value is not believed. The same fault has the same words, whatever the numbers in it."""

    reason: str


Reader = Callable[[str, bytes, datetime], V | Unbelievable]
"""(field, stored bytes, latest instant that is believed) to a value, or why it is none."""


def read_market(symbol: str, stored: bytes, latest: datetime) -> MarketState | Unbelievable:
    """Read one symbol of the hash `cio:market`."""
    state = _parsed(MarketState, stored)
    if isinstance(state, Unbelievable):
        return state
    if state.symbol != symbol:
        return Unbelievable("it speaks of another symbol")
    quotes = (state.last, state.mark, state.bid, state.ask)
    instants = (state.rules_as_of, *(quote.as_of for quote in quotes if quote is not None))
    return Unbelievable(IN_THE_FUTURE) if max(instants) > latest else state


def read_regime(field: str, stored: bytes, latest: datetime) -> RegimeStatus | Unbelievable:
    """Read one field of the hash `cio:regime`: a symbol, or the market as a whole."""
    status = _parsed(RegimeStatus, stored)
    if isinstance(status, Unbelievable):
        return status
    if (status.symbol or MARKET_AS_A_WHOLE) != field:
        return Unbelievable("it speaks of another symbol")
    return Unbelievable(IN_THE_FUTURE) if status.as_of > latest else status


def read_portfolio(_field: str, stored: bytes, latest: datetime) -> PortfolioState | Unbelievable:
    """Read the value of `cio:portfolio`."""
    state = _parsed(PortfolioState, stored)
    if isinstance(state, Unbelievable):
        return state
    return Unbelievable(IN_THE_FUTURE) if state.as_of > latest else state


def _parsed(model: type[_Model], stored: bytes) -> _Model | Unbelievable:
    try:
        return model.model_validate_json(stored)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return Unbelievable(f"{place}: {first['msg']}" if place else first["msg"])
