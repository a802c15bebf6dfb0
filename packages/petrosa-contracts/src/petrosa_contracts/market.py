"""Market: what the gate needs to know of a symbol's live prices and of the exchange's rules for it.

Prices and quantities are decimals, written as text, so that they stay what the exchange said.
"""

from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from petrosa_contracts.amounts import NotNegativeAmount, PositiveAmount
from petrosa_contracts.instant import UtcDatetime
from petrosa_contracts.sizing import UNKNOWN_FILTERS, ExchangeFilters

TRADING: Final = "TRADING"
"""The exchange's word for a symbol that can be traded."""


class LivePrice(NamedTuple):
    """A price in quote currency and the instant it was made, aware UTC."""

    price: Decimal
    as_of: datetime


class Quote(BaseModel):
    """One observed price."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    price: PositiveAmount = Field(description="Quote currency per unit of base asset.")
    as_of: UtcDatetime = Field(description="When the exchange made it, UTC; never later than it was received.")


class SymbolRules(BaseModel):
    """The exchange's filters for one symbol. Null: the exchange has no such rule."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    tick: PositiveAmount | None = Field(default=None, description="Step of prices, quote currency (PRICE_FILTER).")
    min_price: NotNegativeAmount | None = Field(default=None, description="Lowest price (PRICE_FILTER).")
    max_price: PositiveAmount | None = Field(default=None, description="Highest price (PRICE_FILTER).")
    step: PositiveAmount | None = Field(default=None, description="Step of quantities, base asset (LOT_SIZE).")
    min_quantity: NotNegativeAmount | None = Field(default=None, description="Smallest quantity (LOT_SIZE).")
    max_quantity: PositiveAmount | None = Field(default=None, description="Largest quantity (LOT_SIZE).")
    market_step: PositiveAmount | None = Field(default=None, description="Step of market orders (MARKET_LOT_SIZE).")
    market_min_quantity: NotNegativeAmount | None = Field(default=None, description="Smallest (MARKET_LOT_SIZE).")
    market_max_quantity: PositiveAmount | None = Field(default=None, description="Largest (MARKET_LOT_SIZE).")
    min_notional: NotNegativeAmount | None = Field(
        default=None, description="Smallest order value, quote (MIN_NOTIONAL)."
    )
    multiplier_up: PositiveAmount | None = Field(
        default=None, description="Highest price of a buy, as a multiple of the mark price (PERCENT_PRICE)."
    )
    multiplier_down: NotNegativeAmount | None = Field(
        default=None, description="Lowest price of a sell, as a multiple of the mark price (PERCENT_PRICE)."
    )

    @cached_property
    def smallest_order(self) -> ExchangeFilters:
        """The filters that engines raise small orders to; their own defaults where the exchange has no rule."""
        return ExchangeFilters(
            min_quantity=self.min_quantity or UNKNOWN_FILTERS.min_quantity,
            step=self.step or UNKNOWN_FILTERS.step,
            min_notional=self.min_notional or UNKNOWN_FILTERS.min_notional,
        )


class MarketState(BaseModel):
    """A symbol as it stands in the hash `cio:market`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    symbol: str = Field(description="Exchange symbol, upper case.")
    status: str = Field(description="The exchange's word for it: TRADING, SETTLING, BREAK, …")
    rules: SymbolRules = Field(default_factory=SymbolRules, description="The exchange's filters.")
    rules_as_of: UtcDatetime = Field(description="When status and filters were read from the exchange, UTC.")
    last: Quote | None = Field(default=None, description="Last trade; null: none was seen.")
    mark: Quote | None = Field(default=None, description="Mark price; null: none was seen.")
    bid: Quote | None = Field(default=None, description="Best bid; null: none was seen.")
    ask: Quote | None = Field(default=None, description="Best ask; null: none was seen.")

    @property
    def is_trading(self) -> bool:
        """Whether the exchange takes orders for it."""
        return self.status == TRADING

    @property
    def live(self) -> LivePrice | None:
        """The newest price there is: of last trade, middle of the book and mark price; None if none was ever seen.

        Of prices made at the same instant the last trade wins, then the middle of the book. The middle is as old as
        the older of its two sides.
        """
        found = [LivePrice(quote.price, quote.as_of) for quote in (self.last, self._middle, self.mark) if quote]
        return max(found, key=lambda live: live.as_of, default=None)

    @property
    def _middle(self) -> LivePrice | None:
        if self.bid is None or self.ask is None:
            return None
        return LivePrice((self.bid.price + self.ask.price) / 2, min(self.bid.as_of, self.ask.as_of))
