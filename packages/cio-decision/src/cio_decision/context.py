"""Everything a decision depends on besides the intent, as values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from cio_decision.freshness import Ages, Standing, standing
from cio_decision.intent import Intent
from petrosa_contracts import (
    FailSafeLimits,
    LiveValues,
    MarketState,
    Mode,
    PortfolioState,
    RegimeStatus,
    ResolvedPolicy,
    ScopedControl,
)
from petrosa_contracts.market import LivePrice, Quote
from petrosa_contracts.primal import PrimalLimits
from petrosa_contracts.sizing import OrderAmounts


@dataclass(frozen=True, slots=True)
class Reserved:
    """What approved orders that are not yet in the portfolio will add to it or take from it."""

    notional: Decimal = Decimal(0)
    """Sum of what entries on their way are worth, quote currency."""
    leverage: Decimal = Decimal(0)
    """Sum of their leverage, x."""
    positions: int = 0
    """How many positions they open that are not open yet, the symbol and side of this intent not counted."""
    opens_this: bool = False
    """Whether one of them opens the symbol and side of this intent."""
    exiting: Decimal = Decimal(0)
    """Quantity of this intent's symbol that is on its way out of the position that it opposes, base asset."""


@dataclass(frozen=True, slots=True)
class LedgerView:
    """What the ledger says about an intent.

    Before the ledger was asked it holds what the gate last knew, which for the trade counts is at most what is true
    and for the identity and the reservations is nothing.
    """

    taken_by: str | None = None
    """Decision id of the approval that holds this identity; None if it is free."""

    trades_today: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Approved trades of the UTC day per scope key, this one not included."""

    reserved: Reserved = field(default_factory=Reserved)


@dataclass(frozen=True, slots=True)
class MarketView:
    """What is known of the intent's symbol on the exchange."""

    state: MarketState | None
    """None: the exchange does not list the symbol, or nothing is known at all."""
    listed: bool
    """Whether the exchange's list of symbols is known, so that a symbol without a state is truly unknown."""
    ages: Ages
    band_share: Decimal
    """How far a price may be from the live one, as a share of it, whatever the strategy's own tolerance."""
    live: LivePrice | None = field(init=False, compare=False)
    """The newest price of the state, found once because many gates ask for it; None without one."""

    def __post_init__(self) -> None:
        """Find the live price."""
        object.__setattr__(self, "live", None if self.state is None else self.state.live)

    def highest_price(self, now: datetime) -> Decimal | None:
        """Return the highest of the live price and of last trade, bid and mark price that are not lost at `now`.

        One wrong price, however new, then makes no large order look small. None without a live price.
        """
        if self.state is None or self.live is None:
            return None
        highest = self.live.price
        for quote in (self.state.last, self.state.bid, self.state.mark):
            if quote is not None and quote.price > highest and not self._is_lost(quote, now):
                highest = quote.price
        return highest

    def mark_price(self, now: datetime) -> Decimal | None:
        """Return the mark price, by which the exchange judges orders; None if it is not known, or lost at `now`."""
        mark = None if self.state is None else self.state.mark
        return None if mark is None or self._is_lost(mark, now) else mark.price

    def standing(self, now: datetime, tolerance_seconds: float) -> Standing | None:
        """Return how far the live price can be relied on; None for a symbol that the exchange does not list."""
        if self.state is None and self.listed:
            return None
        subject = "the market data" if self.state is None else f"the market data of {self.state.symbol}"
        as_of = None if self.live is None else self.live.as_of
        return standing(subject, as_of, self.ages, now=now, tolerance_seconds=tolerance_seconds)

    def _is_lost(self, quote: Quote, now: datetime) -> bool:
        return (now - quote.as_of).total_seconds() > self.ages.lost_seconds


@dataclass(frozen=True, slots=True)
class RegimeView:
    """The regime of the intent's symbol and of the market as a whole; None where nothing is known."""

    symbol: RegimeStatus | None
    market: RegimeStatus | None
    ages: Ages

    def judged(self, now: datetime, tolerance_seconds: float) -> tuple[Standing, tuple[RegimeStatus, ...]]:
        """Return how far the regime can be relied on, and the statuses to judge by.

        The first is that of the symbol's own, unless that is lost, else of the market's. To judge by are both, each
        unless it is lost, and all of them hold. A status that says `unknown` is one of them; none at all is left to
        REGIME_STALE.
        """
        name = "" if self.symbol is None else self.symbol.symbol
        own = self._standing(f"the regime of {name}", self.symbol, now, tolerance_seconds)
        everywhere = self._standing("the market's regime", self.market, now, tolerance_seconds)
        in_force = tuple(
            status
            for status, known in ((self.symbol, own), (self.market, everywhere))
            if status is not None and not known.is_lost
        )
        nothing_else = everywhere.is_lost and self.symbol is not None
        return (own if nothing_else or not own.is_lost else everywhere), in_force

    def _standing(self, subject: str, status: RegimeStatus | None, now: datetime, tolerance_seconds: float) -> Standing:
        as_of = None if status is None else status.as_of
        return standing(subject, as_of, self.ages, now=now, tolerance_seconds=tolerance_seconds)


@dataclass(frozen=True, slots=True)
class PortfolioView:
    """The portfolio; None where nothing is known."""

    state: PortfolioState | None
    ages: Ages
    drawdown_limit: Decimal
    """Fall from the peak beyond which nothing may open, as a fraction of the peak."""

    def standing(self, now: datetime, tolerance_seconds: float) -> Standing:
        """Return how far the portfolio can be relied on; without a known equity it is lost, whatever its age."""
        state = self.state
        missing = "has no known equity" if state is not None and state.equity is None else ""
        as_of = None if state is None else state.as_of
        return standing(
            "the portfolio", as_of, self.ages, now=now, tolerance_seconds=tolerance_seconds, missing=missing
        )


class OrderSize(NamedTuple):
    """What an intent may become as an order."""

    amounts: OrderAmounts
    price: Decimal
    """That the order is valued at, quote per base."""
    notional: Decimal
    """N: what the largest amount is worth, quote currency."""


class LastSize:
    """The size of the order that was asked about last: the gates of one decision all ask about the same."""

    __slots__ = ("intent", "size")

    def __init__(self) -> None:
        self.intent: Intent | None = None
        self.size: OrderSize | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The values that `evaluate` decides on. Times are aware UTC.

    `system_mode` is the mode that policy's own standing allows (ACTIVE, CONSERVATIVE or BLIND) and `system_reason` says
    why; what the age of the other inputs allows follows from their views. `control` is the strictest entry that people
    or watchdogs set for a scope of this intent.
    """

    decision_id: str
    now: datetime
    received_at: datetime
    answer_by: datetime | None = None
    """Until when the sender waits for the verdict; None if it did not say."""
    policy: ResolvedPolicy
    epoch: int | None
    system_mode: Mode = Mode.ACTIVE
    system_reason: str = ""
    control: ScopedControl | None = None
    failsafe: FailSafeLimits = field(default_factory=FailSafeLimits)
    primal: PrimalLimits | None = None
    """The hard ceilings; None where the settings name none."""
    market: MarketView | None = None
    """None where the settings do not name it as an input; likewise the next two."""
    regime: RegimeView | None = None
    portfolio: PortfolioView | None = None
    order_sizes: LastSize = field(default_factory=LastSize, init=False, compare=False, repr=False)
    """What `order_size` has worked out already; it follows from the rest and decides nothing."""
    symbol_known: bool = True
    """Whether the symbol was traded today or yesterday (UTC), or there is no such history at all."""
    audit_available: bool = True
    """Whether the record of the decision could be kept durably in time."""
    ledger: LedgerView = field(default_factory=LedgerView)
    orders_last_second: int = 0
    max_orders_per_second: int | None = None
    clock_tolerance_seconds: float = 2.0
    decision_seconds: float = 0.0
    """How long the decision has taken so far, not counting the wait for its turn."""
    decision_deadline_seconds: float = 0.05

    market_standing: Standing | None = field(init=False, compare=False)
    """How far the market data can be relied on; None where it is no input, or the exchange does not list the symbol."""
    regime_standing: Standing | None = field(init=False, compare=False)
    """How far the regime can be relied on; None where it is no input. Likewise the next."""
    portfolio_standing: Standing | None = field(init=False, compare=False)
    regimes: tuple[RegimeStatus, ...] = field(init=False, compare=False)
    """The regimes to judge by, all of which hold; none without regime data, or where all of it is lost."""
    own_mode: Mode = field(init=False, compare=False)
    """What the gate's inputs allow for this intent: CONSERVATIVE at least where one of them is not fresh."""

    def __post_init__(self) -> None:
        """Judge the age of the inputs once, because the mode follows from it and many gates ask for that."""
        judged = (self.now, self.clock_tolerance_seconds)
        market, regime, portfolio = self.market, self.regime, self.portfolio
        object.__setattr__(self, "market_standing", None if market is None else market.standing(*judged))
        object.__setattr__(self, "portfolio_standing", None if portfolio is None else portfolio.standing(*judged))
        known, in_force = (None, ()) if regime is None else regime.judged(*judged)
        object.__setattr__(self, "regime_standing", known)
        object.__setattr__(self, "regimes", in_force)
        fresh = all(each.is_fresh for each in self.standings())
        degraded = self.system_mode is Mode.ACTIVE and not fresh
        object.__setattr__(self, "own_mode", Mode.CONSERVATIVE if degraded else self.system_mode)

    @property
    def mode(self) -> Mode:
        """The strictest of the gate's own mode and what was set for the intent's scopes."""
        own = self.own_mode
        if self.control is None or self.control.entry.mode.strictness <= own.strictness:
            return own
        return self.control.entry.mode

    @property
    def own_reason(self) -> str:
        """Why the gate's own mode is not ACTIVE, without a full stop; empty if it is."""
        reasons = (self.system_reason, *(each.reason for each in self.standings()))
        return "; ".join(reason for reason in reasons if reason)

    def standings(self) -> Iterator[Standing]:
        """Yield how far each input that the settings name can be relied on for this intent."""
        for each in (self.market_standing, self.regime_standing, self.portfolio_standing):
            if each is not None:
                yield each

    def live_values(self) -> LiveValues | None:
        """Return the live values that the intent was checked against; None without market data."""
        market = self.market
        if market is None or market.live is None:
            return None
        return LiveValues(price=market.live.price, as_of=market.live.as_of, mark_price=market.mark_price(self.now))
