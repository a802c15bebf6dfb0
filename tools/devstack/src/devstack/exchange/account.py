"""The one account of the exchange: its wallet, its positions, and the margin that they bind."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from devstack.exchange.amounts import ZERO
from devstack.exchange.market import Market
from devstack.exchange.orders import Order
from devstack.exchange.positions import Position, PositionSide

DEFAULT_LEVERAGE = 20


@dataclass(frozen=True, slots=True)
class Income:
    """One change of the wallet's balance: a realised profit, a fee, or a transfer."""

    id: int
    kind: str
    amount: Decimal
    symbol: str
    instant: int


@dataclass
class Account:
    """A USDT-margined account; amounts are in USDT. In hedge mode each symbol has a long and a short position."""

    market: Market
    wallet: Decimal = ZERO
    hedge: bool = False
    leverages: dict[str, int] = field(default_factory=dict[str, int])
    isolated: set[str] = field(default_factory=set[str])
    positions: dict[tuple[str, PositionSide], Position] = field(
        default_factory=dict[tuple[str, PositionSide], Position]
    )
    incomes: list[Income] = field(default_factory=list[Income])

    def leverage(self, symbol: str) -> int:
        """Return the leverage set for a symbol; 20 unless it was changed or the symbol allows less."""
        return self.leverages.get(symbol, min(DEFAULT_LEVERAGE, self.market.rules[symbol].max_leverage))

    def position(self, symbol: str, side: PositionSide) -> Position:
        """Return a position, which may be empty."""
        return self.positions.setdefault((symbol, side), Position(symbol, side))

    def sides(self) -> tuple[PositionSide, ...]:
        """Return the sides that the present mode has."""
        return (PositionSide.LONG, PositionSide.SHORT) if self.hedge else (PositionSide.BOTH,)

    def open_positions(self) -> Iterator[Position]:
        """Yield the positions that are not empty."""
        return (position for position in self.positions.values() if position.amount)

    def book(self, kind: str, amount: Decimal, symbol: str, instant: int) -> None:
        """Change the wallet's balance and remember why; nothing is booked for zero."""
        if amount:
            self.wallet += amount
            self.incomes.append(Income(len(self.incomes) + 1, kind, amount, symbol, instant))

    def unrealised(self, *, isolated: bool | None = None) -> Decimal:
        """Return the unrealised profit of all positions, or of those that are (not) isolated."""
        return sum(
            (each.unrealised(self.market.mark(each.symbol)) for each in self._chosen(isolated=isolated)), start=ZERO
        )

    def isolated_wallet(self, position: Position) -> Decimal:
        """Return the part of the wallet that an isolated position holds; 0 for a cross one."""
        if position.symbol not in self.isolated:
            return ZERO
        return abs(position.amount) * position.entry / self.leverage(position.symbol)

    def cross_wallet(self) -> Decimal:
        """Return the wallet's balance less what isolated positions hold."""
        return self.wallet - sum((self.isolated_wallet(each) for each in self.open_positions()), start=ZERO)

    def position_margin(self, position: Position) -> Decimal:
        """Return the initial margin that a position binds at the mark price."""
        return self.notional(position).copy_abs() / self.leverage(position.symbol)

    def maintenance_margin(self, position: Position) -> Decimal:
        """Return the margin below which the exchange would liquidate the position; here it never does."""
        return self.notional(position).copy_abs() * self.market.rules[position.symbol].maintenance_ratio

    def notional(self, position: Position) -> Decimal:
        """Return a position's value at the mark price, negative when short."""
        return position.amount * self.market.mark(position.symbol)

    def side_margin(self, position: Position, orders: Iterable[Order]) -> Decimal:
        """Return what a position and the resting orders on its side bind together.

        That is the margin of whichever would be larger: the position with all bids executed, or with all offers.
        """
        bids, offers = self.resting(position, orders)
        held = self.notional(position)
        return max(abs(held), abs(held + bids), abs(held - offers)) / self.leverage(position.symbol)

    def resting(self, position: Position, orders: Iterable[Order]) -> tuple[Decimal, Decimal]:
        """Return the notional of the bids and of the offers that could enlarge a position."""
        bids = offers = ZERO
        for order in orders:
            if (order.symbol, order.position_side) != (position.symbol, position.side) or order.only_reduces:
                continue
            notional = order.quantity * order.price
            bids, offers = (bids + notional, offers) if order.buy else (bids, offers + notional)
        return bids, offers

    def initial_margin(self, orders: Iterable[Order]) -> Decimal:
        """Return the margin that all positions and resting orders bind."""
        resting = list(orders)
        touched = {(each.symbol, each.position_side) for each in resting}
        touched |= {(each.symbol, each.side) for each in self.open_positions()}
        return sum((self.side_margin(self.position(*key), resting) for key in sorted(touched)), start=ZERO)

    def available(self, orders: Iterable[Order]) -> Decimal:
        """Return what is free to open positions with; never negative."""
        held = sum(
            (self.position_margin(each) for each in self._chosen(isolated=True)),
            start=ZERO,
        )
        bound = self.initial_margin(orders) - held
        return max(ZERO, self.cross_wallet() + self.unrealised(isolated=False) - bound)

    def _chosen(self, *, isolated: bool | None) -> Iterator[Position]:
        return (
            each for each in self.open_positions() if isolated is None or (each.symbol in self.isolated) is isolated
        )
