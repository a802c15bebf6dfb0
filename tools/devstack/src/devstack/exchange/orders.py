"""Orders, plain and conditional, in the exchange's words."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from devstack.exchange.amounts import ZERO, money, plain, price_text
from devstack.exchange.positions import PositionSide


class Side(StrEnum):
    """What an order does."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """How an order executes; the last four are conditional."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"


class TimeInForce(StrEnum):
    """How long an order stays: until cancelled, not at all, all or nothing, or only if it does not execute at once."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"


class Status(StrEnum):
    """Where an order is in its life."""

    NEW = "NEW"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


class AlgoStatus(StrEnum):
    """Where a conditional order is in its life; FINISHED means that it triggered and its order was placed."""

    NEW = "NEW"
    FINISHED = "FINISHED"
    REJECTED = "REJECTED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


@dataclass(slots=True)
class Order:
    """One order; `quantity` in the base asset, `price` the limit (0 for a market order), `average` of its fill."""

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal = ZERO
    position_side: PositionSide = PositionSide.BOTH
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    close_position: bool = False
    client_id: str = ""
    id: int = 0
    status: Status = Status.NEW
    filled: Decimal = ZERO
    average: Decimal = ZERO
    placed: int = 0
    updated: int = 0
    original_type: OrderType | None = None

    @property
    def buy(self) -> bool:
        """Whether it buys."""
        return self.side is Side.BUY

    @property
    def signed_fill(self) -> Decimal:
        """What of it was executed, negative when it sold."""
        return self.filled if self.buy else -self.filled

    @property
    def only_reduces(self) -> bool:
        """Whether it can but close a position: flagged so, or against the side it names in hedge mode."""
        against = PositionSide.SHORT if self.buy else PositionSide.LONG
        return self.reduce_only or self.close_position or self.position_side is against

    def as_json(self) -> dict[str, object]:
        """Return the exchange's form of it."""
        return {
            "orderId": self.id,
            "symbol": self.symbol,
            "status": self.status,
            "clientOrderId": self.client_id,
            "price": plain(self.price),
            "avgPrice": price_text(self.average),
            "origQty": plain(self.quantity),
            "executedQty": plain(self.filled),
            "cumQty": plain(self.filled),
            "cumQuote": money(self.filled * self.average),
            "timeInForce": self.time_in_force,
            "type": self.type,
            "reduceOnly": self.reduce_only,
            "closePosition": self.close_position,
            "side": self.side,
            "positionSide": self.position_side,
            "stopPrice": "0",
            "workingType": "CONTRACT_PRICE",
            "priceProtect": False,
            "origType": self.original_type or self.type,
            "priceMatch": "NONE",
            "selfTradePreventionMode": "EXPIRE_MAKER",
            "goodTillDate": 0,
            "time": self.placed,
            "updateTime": self.updated,
        }


@dataclass(slots=True)
class AlgoOrder:
    """A conditional order: `order` is placed once the mark or last price reaches `trigger`."""

    order: Order
    type: OrderType
    trigger: Decimal
    by_mark: bool = False
    client_id: str = ""
    id: int = 0
    status: AlgoStatus = AlgoStatus.NEW
    created: int = 0
    updated: int = 0
    triggered: int = 0
    fate: dict[str, object] = field(default_factory=dict[str, object])

    @property
    def waits_for_rise(self) -> bool:
        """Whether it triggers at or above its price rather than at or below."""
        stop = self.type in {OrderType.STOP, OrderType.STOP_MARKET}
        return stop is self.order.buy

    def reached_by(self, price: Decimal) -> bool:
        """Whether a price triggers it."""
        return price >= self.trigger if self.waits_for_rise else price <= self.trigger

    def as_json(self) -> dict[str, object]:
        """Return the exchange's form of it."""
        return {
            "algoId": self.id,
            "clientAlgoId": self.client_id,
            "algoType": "CONDITIONAL",
            "orderType": self.type,
            "symbol": self.order.symbol,
            "side": self.order.side,
            "positionSide": self.order.position_side,
            "timeInForce": self.order.time_in_force,
            "quantity": plain(self.order.quantity),
            "algoStatus": self.status,
            "triggerPrice": plain(self.trigger),
            "price": plain(self.order.price),
            "icebergQuantity": None,
            "selfTradePreventionMode": "EXPIRE_MAKER",
            "workingType": "MARK_PRICE" if self.by_mark else "CONTRACT_PRICE",
            "priceMatch": "NONE",
            "closePosition": self.order.close_position,
            "priceProtect": False,
            "reduceOnly": self.order.reduce_only,
            "createTime": self.created,
            "updateTime": self.updated,
            "triggerTime": self.triggered,
            "goodTillDate": 0,
            **self.fate,
        }
