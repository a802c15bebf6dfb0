"""What the exchange answers about an account, read into values. What is not in its form is an `AnswerError`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias, cast

from cio_strategist.domain.portfolio.reading import Holding, Income
from petrosa_contracts import Side
from petrosa_contracts.portfolio import PositionMode

INCOME_PAGE = 1000
"""Most entries of the income history in one answer."""

Row: TypeAlias = Mapping[str, object]

_MOST = Decimal("1e15")


class AnswerError(Exception):
    """An answer of another form: then nothing of the reading is used."""


def rows(answer: object) -> list[Row]:
    """Return a list of objects. Raises `AnswerError` for anything else."""
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in cast("list[object]", answer)):
        raise AnswerError("a list of objects was expected")
    return cast("list[Row]", answer)


def mode_of(answer: object) -> PositionMode:
    """Return the account's position mode."""
    match _row(answer).get("dualSidePosition"):
        case True:
            return "hedge"
        case False:
            return "one-way"
        case _:
            raise AnswerError("dualSidePosition is neither true nor false")


def mode_shown_by(answer: object) -> PositionMode | None:
    """Return the mode that the rows of `positionRisk` are in; None where there are none."""
    sides = {row.get("positionSide") for row in rows(answer)}
    if not sides:
        return None
    return "one-way" if "BOTH" in sides else "hedge"


def equity_of(answer: object) -> Decimal | None:
    """Return the margin balance; None where the exchange tells neither it nor what it is the sum of."""
    account = _row(answer)
    told = _optional(account, "totalMarginBalance")
    if told is not None:
        return told
    wallet, unrealised = wallet_of(answer), unrealised_of(answer)
    return None if wallet is None or unrealised is None else wallet + unrealised


def wallet_of(answer: object) -> Decimal | None:
    """Return the wallet's balance, open profit left out; None where the exchange does not tell."""
    return _optional(_row(answer), "totalWalletBalance")


def unrealised_of(answer: object) -> Decimal | None:
    """Return the open profit of all positions; None where the exchange does not tell."""
    return _optional(_row(answer), "totalUnrealizedProfit")


def holdings_of(answer: object) -> tuple[Holding, ...]:
    """Return every open position of `positionRisk`, in its second or third version."""
    found: dict[tuple[str, Side], Holding] = {}
    for row in rows(answer):
        amount = _number(row, "positionAmt")
        if amount == 0:
            continue
        holding = _holding(row, amount)
        if holding.key in found:
            raise AnswerError(f"{holding.symbol} {holding.side} is there twice")
        found[holding.key] = holding
    return tuple(found.values())


def income_of(row: Row) -> Income:
    """Return one entry of the income history."""
    kind, asset = _text(row, "incomeType"), _text(row, "asset")
    # The exchange's id is unique within one type; the rest is for types that carry none.
    key = f"{kind} {row.get('tranId', '')} {asset} {row.get('symbol', '')} {row.get('tradeId', '')} {row.get('time')}"
    return Income(key, kind, _number(row, "income"), asset, _instant(row, "time"))


def _holding(row: Row, amount: Decimal) -> Holding:
    symbol = _text(row, "symbol")
    match row.get("positionSide"):
        case "LONG":
            side = Side.LONG
        case "SHORT":
            side = Side.SHORT
        case "BOTH":
            side = Side.LONG if amount > 0 else Side.SHORT
        case _:
            raise AnswerError(f"{symbol}: positionSide is none of LONG, SHORT and BOTH")
    quantity = abs(amount)
    return Holding(
        symbol=symbol,
        side=side,
        quantity=quantity,
        price=_price(row, quantity),
        entry_price=_positive(row, "entryPrice"),
        leverage=_leverage(row),
        unrealised=_optional(row, "unRealizedProfit"),
        updated_at=_instant(row, "updateTime") if row.get("updateTime") else None,
    )


def _price(row: Row, quantity: Decimal) -> Decimal:
    """Return what a unit is valued at: the mark price, else what the notional makes it, else the entry price."""
    mark = _positive(row, "markPrice")
    if mark is not None:
        return mark
    notional = _optional(row, "notional")
    price = abs(notional) / quantity if notional else _positive(row, "entryPrice")
    if price is None:
        raise AnswerError(f"{_text(row, 'symbol')} has neither mark price, notional nor entry price")
    return price


def _leverage(row: Row) -> Decimal | None:
    """Return the leverage setting: as told, or where it is not, as many times as the notional exceeds its margin."""
    told = _positive(row, "leverage")
    if told is not None:
        return told
    notional, margin = _optional(row, "notional"), _positive(row, "positionInitialMargin")
    if not notional or margin is None:
        return None
    return max(Decimal(1), (abs(notional) / margin).to_integral_value())


def _row(answer: object) -> Row:
    if not isinstance(answer, dict):
        raise AnswerError("an object was expected")
    return cast("Row", answer)


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise AnswerError(f"{name} is missing")
    return value


def _number(row: Row, name: str) -> Decimal:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise AnswerError(f"{name} is missing")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise AnswerError(f"{name} is no number") from None
    if not number.is_finite() or abs(number) >= _MOST:
        raise AnswerError(f"{name} is no number that can be")
    return number


def _optional(row: Row, name: str) -> Decimal | None:
    """Return a number, or None where it is missing, null or empty."""
    value = row.get(name)
    return None if value is None or value == "" else _number(row, name)


def _positive(row: Row, name: str) -> Decimal | None:
    number = _optional(row, name)
    return number if number is not None and number > 0 else None


def _instant(row: Row, name: str) -> datetime:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise AnswerError(f"{name} is no time in milliseconds")
    try:
        return datetime.fromtimestamp(value / 1000, tz=UTC)
    except (OverflowError, OSError, ValueError):
        raise AnswerError(f"{name} is no time in milliseconds") from None
