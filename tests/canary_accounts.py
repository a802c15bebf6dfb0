"""Accounts at the canary's simulated exchange, a clock that never waits, and runs against both."""

import io
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from canary.caller import Credentials
from canary.model import MarketLot, Mode, PositionKey
from canary.result import RunResult
from canary.session import open_session
from canary.simulator.book import Book, MarketOrder, Resting, Symbol
from canary.simulator.exchange import SimulatedExchange
from canary.transport import Transport

CREDENTIALS = Credentials("the-key-of-the-account", "the-secret-of-the-account")
ORDER = ("POST", "/fapi/v1/order")
LOT = MarketLot(step=Decimal("0.001"), minimum=Decimal("0.001"), maximum=Decimal(10))


class JumpingClock:
    """Sleeping takes no time, and yet time passes."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self.now = start
        self._lock = threading.Lock()

    def epoch(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += max(0.0, seconds)


@dataclass
class WatchedBook(Book):
    """An account that notes every order of ours that made a position larger, or turned it."""

    grown: list[str] = field(default_factory=list)

    def execute(self, order: MarketOrder, client_id: str) -> tuple[str, Decimal]:
        before = self.positions.get((order.symbol, order.side), Decimal(0))
        done = super().execute(order, client_id)
        after = self.positions[order.symbol, order.side]
        if abs(after) > abs(before) or after * before < 0:
            self.grown.append(f"{order}: {before} became {after}")
        return done


def book(
    positions: Mapping[PositionKey, str],
    *,
    hedge: bool = False,
    lot: MarketLot = LOT,
    depth: str | None = None,
) -> Book:
    """An account with these positions, signed amounts by symbol and side."""
    names = {symbol for symbol, _ in positions} | {"BTCUSDT", "ETHUSDT"}
    symbols = {name: Symbol(Decimal(100), lot, None if depth is None else Decimal(depth)) for name in names}
    return Book(hedge=hedge, symbols=symbols, positions={key: Decimal(amount) for key, amount in positions.items()})


def rest(account: Book, symbol: str, amount: str, *, side: str = "BOTH", conditional: bool = False) -> int:
    """Let an order wait at the exchange that moves the position by `amount` if it fills."""
    return account.rest(Resting(symbol, side, Decimal(amount), conditional))


def sent(exchange: SimulatedExchange) -> int:
    """How many requests for an order came."""
    return sum(1 for method, path, _ in exchange.calls if (method, path) == ORDER)


def proved_flat(account: Book) -> bool:
    """Whether nothing is open and no order waits."""
    return not account.open_positions() and not account.resting


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Let somebody type these lines, and then be gone."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


@dataclass
class Run:
    """What a run gave, and everything it said."""

    result: RunResult
    said: list[str] = field(default_factory=list)


def close_all(
    exchange: Transport,
    clock: JumpingClock,
    *,
    seconds: float = 300,
    stated_mode: Mode | None = None,
    workers: int = 4,
) -> Run:
    """Examine and close everything."""
    said: list[str] = []
    with open_session(exchange, CREDENTIALS, clock=clock, log=None, say=said.append, workers=workers) as session:
        found = session.examine(stated_mode=stated_mode)
        return Run(session.close_all(found, seconds=seconds), said)


def exchange_of(account: Book, clock: JumpingClock, *, skew: float = 0.0) -> SimulatedExchange:
    """The exchange that keeps this account."""
    return SimulatedExchange(account, CREDENTIALS, clock, skew=skew)
