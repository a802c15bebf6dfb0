"""What the exchange lists, in the form of Binance's `exchangeInfo` for USD-M futures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from cio_strategist.domain.json_shape import json_list, json_map
from cio_strategist.domain.market.fleet_message import SYMBOL
from petrosa_contracts.market import SymbolRules

_LONGEST_STATUS = 40

_FIELDS = {
    "PRICE_FILTER": {"tick": "tickSize", "min_price": "minPrice", "max_price": "maxPrice"},
    "LOT_SIZE": {"step": "stepSize", "min_quantity": "minQty", "max_quantity": "maxQty"},
    "MARKET_LOT_SIZE": {"market_step": "stepSize", "market_min_quantity": "minQty", "market_max_quantity": "maxQty"},
    "MIN_NOTIONAL": {"min_notional": "notional"},
    "PERCENT_PRICE": {"multiplier_up": "multiplierUp", "multiplier_down": "multiplierDown"},
}
"""Filter types, and which of their fields are which of ours."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One symbol of the exchange."""

    status: str
    """The exchange's word: TRADING, SETTLING, …"""
    rules: SymbolRules


@dataclass(frozen=True, slots=True)
class Listing:
    """All symbols of the exchange."""

    symbols: Mapping[str, Listed]
    unreadable: tuple[str, ...]
    """Symbols that are listed with rules that cannot be read."""
    weight_per_minute: int | None
    """Request weight that the exchange allows an address per minute, where it says so."""


def read_listing(answer: object) -> Listing | None:
    """Return the listing in an answer to `exchangeInfo`; None where there is none, or no symbol in it is readable."""
    fields = _fields(answer)
    symbols: dict[str, Listed] = {}
    unreadable: list[str] = []
    for entry in json_list(fields.get("symbols")) or ():
        symbol = _fields(entry).get("symbol")
        if not isinstance(symbol, str) or SYMBOL.fullmatch(symbol) is None:
            continue
        listed = _listed(_fields(entry))
        if listed is None:
            unreadable.append(symbol)
        else:
            symbols[symbol] = listed
    return Listing(symbols, tuple(unreadable), weight_limit_of(answer)) if symbols else None


def weight_limit_of(answer: object) -> int | None:
    """Return the request weight that `exchangeInfo` allows an address per minute; None where it does not tell."""
    for limit in map(_fields, json_list(_fields(answer).get("rateLimits")) or ()):
        is_weight = limit.get("rateLimitType") == "REQUEST_WEIGHT" and limit.get("interval") == "MINUTE"
        told = limit.get("limit")
        if is_weight and limit.get("intervalNum", 1) == 1 and isinstance(told, int) and told > 0:
            return told
    return None


def _listed(entry: Mapping[str, Any]) -> Listed | None:
    status = entry.get("status", entry.get("contractStatus"))
    if not isinstance(status, str) or not 0 < len(status) <= _LONGEST_STATUS or "filters" not in entry:
        return None
    values: dict[str, object] = {}
    for described in map(_fields, json_list(entry["filters"]) or ()):
        wanted = _FIELDS.get(str(described.get("filterType")), {})
        values |= {ours: described[theirs] for ours, theirs in wanted.items() if theirs in described}
    try:
        # Zero is how the exchange writes that there is no such rule.
        return Listed(status, SymbolRules.model_validate({k: v for k, v in values.items() if not _is_zero(v)}))
    except ValidationError:
        return None


def _is_zero(value: object) -> bool:
    try:
        return float(cast("str", value)) == 0
    except (TypeError, ValueError):
        return False


def _fields(value: object) -> Mapping[str, Any]:
    return json_map(value) or {}
