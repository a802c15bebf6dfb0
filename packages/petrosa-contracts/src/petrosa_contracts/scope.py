"""Scopes: what part of the fleet a policy layer or a halt speaks about, and how it is spelled."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class ScopeKind(StrEnum):
    """The four kinds of scope, from the widest to the narrowest."""

    GLOBAL = "global"
    SYMBOL = "symbol"
    STRATEGY = "strategy"
    SYMBOL_SIDE = "symbol_side"


class Side(StrEnum):
    """Direction of a futures position. `buy` opens LONG and `sell` opens SHORT: the engine assumes hedge mode."""

    LONG = "LONG"
    SHORT = "SHORT"


class ScopeError(ValueError):
    """A scope key that cannot be read. Says which forms exist."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key[:80]!r} is not a scope: use global, symbol:BTCUSDT, strategy:momentum_v1 or symbol_side:BTCUSDT:LONG"
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope. Build it with a class method or `parse`; `str(scope)` is its key.

    Symbols are written in upper case. Strategy ids are taken as they are, blanks and colons included, because bots
    emit them so.
    """

    kind: ScopeKind
    symbol: str | None = None
    strategy_id: str | None = None
    side: Side | None = None

    @classmethod
    def everything(cls) -> Self:
        """Return the global scope."""
        return cls(ScopeKind.GLOBAL)

    @classmethod
    def of_symbol(cls, symbol: str) -> Self:
        """Return the scope of one symbol on both sides."""
        return cls(ScopeKind.SYMBOL, symbol=symbol.upper())

    @classmethod
    def of_strategy(cls, strategy_id: str) -> Self:
        """Return the scope of one strategy on every symbol."""
        return cls(ScopeKind.STRATEGY, strategy_id=strategy_id)

    @classmethod
    def of_symbol_side(cls, symbol: str, side: Side) -> Self:
        """Return the scope of one symbol and direction."""
        return cls(ScopeKind.SYMBOL_SIDE, symbol=symbol.upper(), side=side)

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read a scope key.

        Raises `ScopeError` for an unknown kind, an empty name, a symbol that holds a blank or colon, or a side other
        than LONG and SHORT.
        """
        kind, _, rest = key.partition(":")
        if key == ScopeKind.GLOBAL:
            return cls.everything()
        if kind == ScopeKind.SYMBOL and _is_symbol(rest):
            return cls.of_symbol(rest)
        if kind == ScopeKind.STRATEGY and rest.strip():
            return cls.of_strategy(rest)
        if kind == ScopeKind.SYMBOL_SIDE:
            symbol, _, side = rest.rpartition(":")
            if _is_symbol(symbol) and side in Side.__members__:
                return cls.of_symbol_side(symbol, Side(side))
        raise ScopeError(key)

    @property
    def key(self) -> str:
        """The key under which this scope is stored and shown, such as `symbol_side:BTCUSDT:LONG`."""
        match self.kind:
            case ScopeKind.GLOBAL:
                return "global"
            case ScopeKind.SYMBOL:
                return f"symbol:{self.symbol}"
            case ScopeKind.STRATEGY:
                return f"strategy:{self.strategy_id}"
            case ScopeKind.SYMBOL_SIDE:
                return f"symbol_side:{self.symbol}:{self.side}"

    def __str__(self) -> str:
        return self.key


def _is_symbol(text: str) -> bool:
    return bool(text) and ":" not in text and not any(character.isspace() for character in text)
