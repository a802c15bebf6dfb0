"""Trading rules of a symbol, and the filters that hold orders to them."""

from dataclasses import dataclass, replace
from decimal import Decimal

from devstack.exchange.refusals import Reason, RefusedError

D = Decimal


@dataclass(frozen=True, slots=True)
class SymbolRules:
    """What `exchangeInfo` says about one perpetual, USDT-margined unless it has a `suffix`.

    Prices and notionals are in the quote asset, quantities in the base asset, or for a coin-margined one in contracts
    of `contract_size` USD. `percent_up` and `percent_down` bound a limit price as multiples of the mark price.
    `start_price`, `yearly_volatility` (a fraction) and `volume_per_second` describe the simulated market.
    """

    base: str
    start_price: Decimal
    yearly_volatility: float
    volume_per_second: float
    price_precision: int
    tick: Decimal
    min_price: Decimal
    max_price: Decimal
    quantity_precision: int
    step: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    min_notional: Decimal
    percent_up: Decimal
    percent_down: Decimal
    max_leverage: int
    maintenance_ratio: Decimal
    quote: str = "USDT"
    max_orders: int = 200
    max_stops: int = 10
    suffix: str = ""
    contract_size: int = 1

    @property
    def symbol(self) -> str:
        """Its name, such as BTCUSDT."""
        return f"{self.base}{self.quote}{self.suffix}"

    def check_price(self, price: Decimal) -> None:
        """PRICE_FILTER; raises `RefusedError`."""
        if price <= 0:
            raise RefusedError(Reason.PRICE_NOT_POSITIVE)
        if _decimals(price) > self.price_precision:
            raise RefusedError(Reason.BAD_PRECISION)
        if price < self.min_price:
            raise RefusedError(Reason.PRICE_BELOW_MIN)
        if price > self.max_price:
            raise RefusedError(Reason.PRICE_ABOVE_MAX)
        if price % self.tick:
            raise RefusedError(Reason.PRICE_OFF_TICK)

    def check_quantity(self, quantity: Decimal, *, market: bool) -> None:
        """LOT_SIZE, or MARKET_LOT_SIZE for an order that executes at the market; raises `RefusedError`."""
        if quantity <= 0:
            raise RefusedError(Reason.QUANTITY_NOT_POSITIVE)
        if _decimals(quantity) > self.quantity_precision:
            raise RefusedError(Reason.BAD_PRECISION)
        if quantity < self.step:
            raise RefusedError(Reason.QUANTITY_BELOW_MIN)
        if quantity > (self.max_market_quantity if market else self.max_quantity):
            raise RefusedError(Reason.QUANTITY_ABOVE_MAX)
        if quantity % self.step:
            raise RefusedError(Reason.QUANTITY_OFF_STEP)

    def check_notional(self, notional: Decimal) -> None:
        """MIN_NOTIONAL, which an order that only reduces need not meet; raises `RefusedError`."""
        if notional < self.min_notional:
            raise RefusedError(Reason.NOTIONAL_BELOW_MIN, self.min_notional)

    def check_band(self, price: Decimal, mark: Decimal, *, buy: bool) -> None:
        """PERCENT_PRICE: no bid far above the mark price, no offer far below it; raises `RefusedError`."""
        highest = (mark * self.percent_up).quantize(self.tick)
        lowest = (mark * self.percent_down).quantize(self.tick)
        if buy and price > highest:
            raise RefusedError(Reason.PRICE_ABOVE_BAND, highest)
        if not buy and price < lowest:
            raise RefusedError(Reason.PRICE_BELOW_BAND, lowest)


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


SYMBOLS: tuple[SymbolRules, ...] = (
    SymbolRules(
        base="BTC",
        start_price=D(60000),
        yearly_volatility=0.5,
        volume_per_second=2.0,
        price_precision=2,
        tick=D("0.10"),
        min_price=D("261.10"),
        max_price=D(809484),
        quantity_precision=3,
        step=D("0.001"),
        max_quantity=D(1000),
        max_market_quantity=D(120),
        min_notional=D(100),
        percent_up=D("1.0500"),
        percent_down=D("0.9500"),
        max_leverage=125,
        maintenance_ratio=D("0.0040"),
    ),
    SymbolRules(
        base="ETH",
        start_price=D(3000),
        yearly_volatility=0.65,
        volume_per_second=30.0,
        price_precision=2,
        tick=D("0.01"),
        min_price=D("18.67"),
        max_price=D("89654.81"),
        quantity_precision=3,
        step=D("0.001"),
        max_quantity=D(10000),
        max_market_quantity=D(2000),
        min_notional=D(20),
        percent_up=D("1.0500"),
        percent_down=D("0.9500"),
        max_leverage=100,
        maintenance_ratio=D("0.0050"),
    ),
    SymbolRules(
        base="SOL",
        start_price=D(150),
        yearly_volatility=0.85,
        volume_per_second=200.0,
        price_precision=4,
        tick=D("0.0100"),
        min_price=D("0.4200"),
        max_price=D(6857),
        quantity_precision=2,
        step=D("0.01"),
        max_quantity=D(1000000),
        max_market_quantity=D(5000),
        min_notional=D(5),
        percent_up=D("1.0500"),
        percent_down=D("0.9500"),
        max_leverage=100,
        maintenance_ratio=D("0.0050"),
    ),
    SymbolRules(
        base="DOGE",
        start_price=D("0.10000"),
        yearly_volatility=0.9,
        volume_per_second=100000.0,
        price_precision=6,
        tick=D("0.000010"),
        min_price=D("0.002440"),
        max_price=D(30),
        quantity_precision=0,
        step=D(1),
        max_quantity=D(50000000),
        max_market_quantity=D(30000000),
        min_notional=D(5),
        percent_up=D("1.1000"),
        percent_down=D("0.9000"),
        max_leverage=75,
        maintenance_ratio=D("0.0060"),
    ),
)
"""The symbols that the exchange lists; sizes and steps are in the order of the real ones."""


def _coin_margined(like: SymbolRules, contract_size: int) -> SymbolRules:
    """Return the coin-margined perpetual of the same asset; a contract has a fixed worth, so there is no least one."""
    return replace(
        like,
        quote="USD",
        suffix="_PERP",
        contract_size=contract_size,
        quantity_precision=0,
        step=D(1),
        max_quantity=D(1_000_000),
        max_market_quantity=D(60_000),
        min_notional=D(0),
        volume_per_second=1000.0,
    )


COIN_SYMBOLS: tuple[SymbolRules, ...] = (_coin_margined(SYMBOLS[0], 100), _coin_margined(SYMBOLS[1], 10))
"""The coin-margined symbols: BTCUSD_PERP and ETHUSD_PERP."""
