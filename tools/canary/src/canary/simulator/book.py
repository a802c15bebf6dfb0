"""The account and the market behind the simulated exchange, without any protocol."""

from dataclasses import dataclass, field
from decimal import Decimal

from canary.model import MarketLot, PositionKey, PositionSide

MIN_NOTIONAL = Decimal(5)


class RefusalError(Exception):
    """The exchange's own refusal: its number and text."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(slots=True)
class Symbol:
    """One contract: its price, what a market order may be, and how much the book takes from one order."""

    price: Decimal
    lot: MarketLot
    depth: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Resting:
    """An order that waits; if it fills, its position moves by `amount` (signed)."""

    symbol: str
    side: PositionSide
    amount: Decimal
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class MarketOrder:
    """A market order as asked for."""

    symbol: str
    buy: bool
    side: PositionSide
    quantity: Decimal
    reduce_only: bool


@dataclass(slots=True)
class Book:
    """Positions, resting orders and finished orders of one account."""

    hedge: bool
    symbols: dict[str, Symbol]
    positions: dict[PositionKey, Decimal] = field(default_factory=dict[PositionKey, Decimal])
    resting: dict[int, Resting] = field(default_factory=dict[int, Resting])
    finished: dict[tuple[str, str], tuple[str, Decimal, Decimal]] = field(
        default_factory=dict[tuple[str, str], tuple[str, Decimal, Decimal]]
    )
    next_id: int = 1

    def open_positions(self) -> dict[PositionKey, Decimal]:
        """Return what is open, by symbol and side; short amounts are negative."""
        return {key: amount for key, amount in self.positions.items() if amount}

    def rest(self, order: Resting) -> int:
        """Let an order wait, and return its id."""
        self.next_id += 1
        self.resting[self.next_id] = order
        return self.next_id

    def fill(self, identity: int) -> None:
        """Fill a resting order at once: its position moves."""
        order = self.resting.pop(identity)
        key: PositionKey = (order.symbol, order.side)
        self.positions[key] = self.positions.get(key, Decimal(0)) + order.amount

    def cancel_all(self, symbol: str, *, conditional: bool) -> None:
        """Take all waiting orders of one kind of a symbol away."""
        self.resting = {
            identity: order
            for identity, order in self.resting.items()
            if order.symbol != symbol or order.conditional != conditional
        }

    def execute(self, order: MarketOrder, client_id: str) -> tuple[str, Decimal]:
        """Carry out a market order and return its status and executed quantity; raises `RefusalError`."""
        symbol = self.symbols.get(order.symbol)
        if symbol is None:
            raise RefusalError(-1121, "Invalid symbol.")
        room = self._check(order, symbol)
        quantity = order.quantity if room is None else min(order.quantity, room)
        executed = quantity if symbol.depth is None else min(quantity, symbol.depth)
        key: PositionKey = (order.symbol, order.side)
        self.positions[key] = self.positions.get(key, Decimal(0)) + (executed if order.buy else -executed)
        status = "FILLED" if executed == quantity else "EXPIRED"
        self.finished[order.symbol, client_id] = (status, order.quantity, executed)
        return status, executed

    def _check(self, order: MarketOrder, symbol: Symbol) -> Decimal | None:
        """Return how much the order may reduce, None if it may open."""
        if self.hedge == (order.side == "BOTH"):
            raise RefusalError(-4061, "Order's position side does not match user's setting.")
        if self.hedge and order.reduce_only:
            raise RefusalError(-1106, "Parameter 'reduceonly' sent when not required.")
        check_lot(order.quantity, symbol.lot)
        amount = self.positions.get((order.symbol, order.side), Decimal(0))
        closes = (order.side == "LONG" and not order.buy) or (order.side == "SHORT" and order.buy)
        if order.reduce_only and (amount == 0 or (amount > 0) == order.buy):
            raise RefusalError(-2022, "ReduceOnly Order is rejected.")
        if closes and order.quantity > abs(amount):
            raise RefusalError(-2022, "ReduceOnly Order is rejected.")
        if order.reduce_only or closes:
            return abs(amount)
        if order.quantity * symbol.price < MIN_NOTIONAL:
            raise RefusalError(-4164, "Order's notional must be no smaller than 5 (unless you choose reduce only).")
        return None


def check_lot(quantity: Decimal, lot: MarketLot) -> None:
    """Hold a market order to its lot; raises `RefusalError`."""
    if quantity <= 0:
        raise RefusalError(-4003, "Quantity less than or equal to zero.")
    if lot.maximum and quantity > lot.maximum:
        raise RefusalError(-4005, "Quantity greater than max quantity.")
    if quantity < lot.minimum:
        raise RefusalError(-4004, "Quantity less than min quantity.")
    if lot.step and quantity % lot.step:
        raise RefusalError(-1111, "Precision is over the maximum defined for this asset.")
