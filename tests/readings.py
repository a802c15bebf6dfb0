"""Readings of the exchange and execution events for tests of the portfolio."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cio_strategist.domain.portfolio.book import PortfolioBook
from cio_strategist.domain.portfolio.reading import Holding, Income, Reading
from petrosa_contracts import PortfolioState, Side
from petrosa_contracts.execution import ExecutionEvent

NOON = datetime(2026, 2, 25, 12, tzinfo=UTC)
BTC_LONG = ("BTCUSDT", Side.LONG)


def at(seconds: float) -> datetime:
    """Return an instant so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def holding(
    quantity: str = "1", side: Side = Side.LONG, *, price: str = "50000", symbol: str = "BTCUSDT", **fields: Any
) -> Holding:
    return Holding(symbol, side, Decimal(quantity), Decimal(price), **fields)


def income(kind: str, amount: str, *, key: str = "", when: datetime = NOON, asset: str = "USDT") -> Income:
    return Income(key or f"{kind} {amount} {when}", kind, Decimal(amount), asset, when)


def reading(seconds: float = 0, equity: str | Decimal | None = "10000", *holdings: Holding, **fields: Any) -> Reading:
    """Return a reading that began so many seconds after noon."""
    values: dict[str, Any] = {
        "began_at": at(seconds),
        "equity": None if equity is None else Decimal(equity),
        "unrealised": Decimal(0),
        "position_mode": "hedge",
        "holdings": holdings,
        "incomes": (),
    }
    return Reading(**{**values, **fields})


def event(kind: str = "filled", **fields: Any) -> ExecutionEvent:
    """Return an event of a market order of one bitcoin for `momentum`; a field that is None is left out."""
    values = {
        "decision_id": "d1",
        "strategy_id": "momentum",
        "order_id": "1",
        "event_type": kind,
        "symbol": "BTCUSDT",
        "side": "buy",
        "qty": 1,
        "fill_price": 50000,
        **fields,
    }
    return ExecutionEvent.model_validate({name: value for name, value in values.items() if value is not None})


def book_of(*equities: str | None) -> PortfolioBook:
    """Return a book that took these readings from noon on."""
    book = PortfolioBook()
    for number, equity in enumerate(equities):
        book.read(reading(number * 5, equity))
    return book


def shown(book: PortfolioBook, revision: int = 1) -> PortfolioState:
    """Return the state, which must be there."""
    state = book.state(revision)
    assert state is not None
    return state
