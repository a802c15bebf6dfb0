"""The exchange's JSON, read strictly: what is not as documented is an `UnavailableError`, never a guess."""

import json
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import TypeAlias, cast

from canary.errors import PartlyReadError, UnavailableError
from canary.model import Fill, MarketLot, OpenOrder, Position, PositionSide

Row: TypeAlias = dict[str, object]


def decode(body: bytes) -> object:
    """Return the JSON value in `body`; numbers with a point are read exactly."""
    try:
        return cast("object", json.loads(body, parse_float=Decimal))
    except ValueError as error:
        raise _unreadable("an answer that is no JSON") from error


def row(value: object) -> Row:
    """Return `value` as a JSON object."""
    if not isinstance(value, dict):
        raise _unreadable("something else instead of an object")
    return cast("Row", value)


def rows(value: object) -> list[Row]:
    """Return `value` as a list of JSON objects."""
    if not isinstance(value, list):
        raise _unreadable("something else instead of a list")
    return [row(item) for item in cast("list[object]", value)]


def text(of: Row, name: str) -> str:
    """Return the field `name`, which has to be a text and not empty."""
    value = of.get(name)
    if not isinstance(value, str) or not value:
        raise _unreadable(f"no {name}")
    return value


def integer(of: Row, name: str) -> int:
    """Return the field `name`, which has to be an integer."""
    value = of.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unreadable(f"no {name}")
    return value


def number(of: Row, name: str) -> Decimal:
    """Return the field `name` exactly; what is not finite does not count."""
    value = of.get(name)
    try:
        parsed = Decimal(value) if isinstance(value, str | int | Decimal) else Decimal("NaN")
    except InvalidOperation as error:
        raise _unreadable(f"{name} that is no number") from error
    if not parsed.is_finite():
        raise _unreadable(f"no {name}")
    return parsed


def hedge_mode(value: object) -> bool:
    """Return whether the answer about the position mode says hedge."""
    dual = row(value).get("dualSidePosition")
    if not isinstance(dual, bool):
        raise _unreadable("no dualSidePosition")
    return dual


def positions(value: object) -> tuple[Position, ...]:
    """Return the open positions; rows of amount zero are left out.

    Raises `PartlyReadError` with the others if a row is not as documented.
    """
    found: list[Position] = []
    failure: UnavailableError | None = None
    for item in rows(value):
        try:
            found.append(_position(item))
        except UnavailableError as error:
            failure = error
    opened = tuple(position for position in found if position.amount)
    if failure is not None:
        raise PartlyReadError(str(failure), opened) from failure
    return opened


def _position(item: Row) -> Position:
    side = text(item, "positionSide")
    if side not in {"BOTH", "LONG", "SHORT"}:
        raise _unreadable(f"the positionSide {side!r}")
    amount = number(item, "positionAmt")
    return Position(text(item, "symbol"), cast("PositionSide", side), amount)


def identity(of: Row, name: str) -> str:
    """Return the number by which the exchange knows an order, as text."""
    value = of.get(name)
    return value if isinstance(value, str) and value else str(integer(of, name))


def orders(value: object) -> tuple[OpenOrder, ...]:
    """Return the open orders."""
    return tuple(OpenOrder(text(item, "symbol"), identity(item, "orderId"), conditional=False) for item in rows(value))


def conditional_orders(value: object) -> tuple[OpenOrder, ...]:
    """Return the open conditional orders, listed by themselves or in an object's `orders`."""
    listed = cast("object", value) if isinstance(value, list) else row(value).get("orders")
    return tuple(OpenOrder(text(item, "symbol"), identity(item, "algoId"), conditional=True) for item in rows(listed))


def fill(value: object) -> Fill:
    """Return what an order's own answer says became of it."""
    item = row(value)
    return Fill(text(item, "status"), number(item, "executedQty"))


def market_lots(value: object) -> dict[str, MarketLot]:
    """Return what market orders may be, per symbol; the stricter one of the two lot filters counts."""
    lots: dict[str, MarketLot] = {}
    for symbol in rows(row(value).get("symbols")):
        # A symbol that reads oddly must not take the others' rules away: it is closed without being split.
        with suppress(UnavailableError):
            lots[text(symbol, "symbol")] = _market_lot(symbol)
    return lots


def _market_lot(symbol: Row) -> MarketLot:
    filters = {str(item.get("filterType")): item for item in rows(symbol.get("filters"))}
    found = [filters[name] for name in ("MARKET_LOT_SIZE", "LOT_SIZE") if name in filters]
    return MarketLot(
        step=max((number(item, "stepSize") for item in found), default=Decimal(0)),
        minimum=max((number(item, "minQty") for item in found), default=Decimal(0)),
        maximum=min((most for item in found if (most := number(item, "maxQty")) > 0), default=Decimal(0)),
    )


def rate_limits(value: object) -> dict[tuple[str, int], int]:
    """Return the limits by kind (REQUEST_WEIGHT, ORDERS) and window in seconds; those not understood are left out."""
    seconds = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400}
    listed = row(value).get("rateLimits")
    return {
        (text(item, "rateLimitType"), seconds[str(item["interval"])] * integer(item, "intervalNum")): integer(
            item, "limit"
        )
        for item in (rows(listed) if listed is not None else [])
        if item.get("interval") in seconds
    }


def _unreadable(what: str) -> UnavailableError:
    return UnavailableError(f"the exchange answered with {what}", maybe_done=True)
