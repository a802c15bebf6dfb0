"""Strategies for intents, contexts and junk, for the properties of the gate.

They are made once and kept: making strategies takes longer than drawing from them.
"""

import json
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st

from cio_decision.context import Context, LedgerView, MarketView, PortfolioView, RegimeView, Reserved
from cio_decision.intent import Intent
from petrosa_contracts import (
    DrawdownPhase,
    FailSafeLimits,
    Mode,
    OrderType,
    Position,
    RegimeStatus,
    ScopedControl,
    Side,
    SymbolRules,
    Trend,
    VolatilityPhase,
    resolve,
)
from tests.builders import (
    DECISION,
    NOW,
    STRATEGY,
    SYMBOL,
    TODAY,
    control_entry,
    intent,
    market_state,
    market_view,
    payload,
    portfolio_state,
    portfolio_view,
    position,
    quote,
    regime_status,
    regime_view,
    symbol_rules,
)
from tests.policies import layers_at

SCOPES = (
    "global",
    f"symbol:{SYMBOL}",
    f"strategy:{STRATEGY}",
    f"symbol_side:{SYMBOL}:LONG",
    f"symbol_side:{SYMBOL}:SHORT",
)
ENTRIES, EXITS = ("buy", "sell"), ("close", "hold")

FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | FINITE | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)

PRICES = st.sampled_from([50_000.0, 3000.0, 1.0, 0.00002]) | st.floats(min_value=1e-8, max_value=1e8)
EXTREME_PRICES = st.floats(min_value=5e-324, max_value=1.6e308)
QUANTITIES = st.sampled_from([0.0, 0.01, 0.02, 1.0, 1000.0]) | st.floats(0, 1e6)
FRACTIONS = st.sampled_from([0.02, 0.1, 0.5, 1.0]) | st.floats(0, 1)


def sometimes(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw null half of the time."""
    return st.none() | values


def near(price: float) -> st.SearchStrategy[float]:
    """Draw a price on either side of another, or exactly it."""
    return st.sampled_from([0.9, 1.0, 1.1, -1.0, 0.0]).map(lambda factor: price * factor)


INSTANTS = st.timedeltas(timedelta(hours=-2), timedelta(seconds=4)).map(lambda age: (NOW + age).isoformat())
TIMESTAMPS = st.just(NOW.isoformat()) | INSTANTS | st.sampled_from([None, "yesterday", 1_772_020_805_500, True, ""])


@st.composite
def fields(
    draw: st.DrawFn, actions: tuple[str, ...] = ENTRIES, prices: st.SearchStrategy[float] = PRICES
) -> dict[str, Any]:
    """Draw what a readable payload of `builders.payload` may differ in."""
    price = draw(prices)
    stops: dict[str, Any] = {}
    if draw(st.booleans()):
        stops = {
            "stop_loss": draw(sometimes(near(price))),
            "take_profit": draw(sometimes(near(price))),
            "stop_loss_pct": draw(sometimes(FRACTIONS)),
            "take_profit_pct": draw(sometimes(FRACTIONS)),
        }
    return {
        **stops,
        "action": draw(st.sampled_from(actions)),
        "confidence": draw(st.just(0.9) | FRACTIONS),
        "price": draw(st.just(price) | prices),
        "current_price": price,
        "quantity": draw(QUANTITIES),
        "position_size_pct": draw(sometimes(FRACTIONS)),
        "order_type": draw(st.sampled_from(OrderType)).value,
        "recommended_leverage": draw(sometimes(st.integers(0, 130) | st.floats(0, 130))),
        "timestamp": draw(TIMESTAMPS),
    }


def intents(actions: tuple[str, ...] = ENTRIES) -> st.SearchStrategy[Intent]:
    """Draw readable intents."""
    return fields(actions).map(lambda drawn: intent(**drawn))


@cache
def controls(*modes: Mode) -> st.SearchStrategy[ScopedControl | None]:
    """Draw an entry of one of the modes for a scope of the intent, or none."""
    entries = st.builds(control_entry, st.sampled_from(modes), reason=st.sampled_from(["", "news"]))
    return st.none() | st.builds(ScopedControl, st.sampled_from(SCOPES[:3]), entries)


MONEY = st.decimals("0", "1000000", places=8)


@cache
def positions() -> st.SearchStrategy[Position]:
    """Draw an open position, of the symbol of `intents` as often as not."""
    return st.builds(
        position,
        st.sampled_from(Side),
        quantity=st.sampled_from(["0.01", "0.02", "1"]) | st.decimals("0.00000001", "1000", places=8),
        symbol=st.sampled_from([SYMBOL, SYMBOL, "ETHUSDT", "SOLUSDT"]),
        price=st.decimals("0.01", "60000", places=4),
        leverage=st.none() | st.integers(1, 125).map(Decimal),
    )


@cache
@st.composite
def portfolio_views(draw: st.DrawFn) -> PortfolioView | None:
    """Draw what may be known of a portfolio, young or old."""
    if draw(st.booleans()):
        return draw(st.sampled_from([None, portfolio_view(known=False)]))
    held = draw(st.lists(positions(), max_size=4, unique_by=lambda each: (each.symbol, each.side)))
    state = portfolio_state(
        *held,
        equity=draw(st.none() | st.sampled_from(["10000", "0"]) | MONEY.map(str)),
        as_of=NOW - timedelta(seconds=draw(st.sampled_from([-1, 0, 10, 11, 15, 16]))),
        day=draw(st.sampled_from([TODAY, TODAY - timedelta(days=1)])),
        day_equity=draw(st.none() | MONEY),
        daily_loss_latched=draw(st.just(Decimal(0)) | MONEY),
        drawdown=draw(sometimes(st.sampled_from(["0", "0.1", "0.2", "0.3"]).map(Decimal))),
        drawdown_latched=draw(st.sampled_from([Decimal(0), Decimal("0.2"), Decimal("0.3")])),
        position_mode=draw(st.sampled_from([None, "hedge", "one-way"])),
    )
    return portfolio_view(state)


@cache
def reservations() -> st.SearchStrategy[Reserved]:
    """Draw what may be on its way."""
    return st.builds(
        Reserved,
        notional=st.just(Decimal(0)) | st.decimals("0", "10000", places=6),
        leverage=st.integers(0, 200).map(Decimal),
        positions=st.integers(0, 12),
        opens_this=st.booleans(),
        exiting=st.just(Decimal(0)) | st.decimals("0", "1", places=6),
    )


@cache
def ledgers() -> st.SearchStrategy[LedgerView]:
    """Draw what the ledger may say."""
    counts = st.dictionaries(st.sampled_from(SCOPES), st.integers(0, 120), max_size=5)
    return st.builds(LedgerView, taken_by=st.none() | st.just("f" * 32), trades_today=counts, reserved=reservations())


NO_RULES = dict.fromkeys(SymbolRules.model_fields)
RULES = [
    symbol_rules(),
    symbol_rules(**NO_RULES),
    symbol_rules(tick="1", min_price="10", max_price="40000", step="0.1", market_step="1", market_min_quantity="1"),
    symbol_rules(**{**NO_RULES, "step": "0.001", "min_notional": "5", "multiplier_up": "1.05"}),
    symbol_rules(**{**NO_RULES, "min_quantity": "1", "market_max_quantity": "10", "multiplier_down": "0.95"}),
]
MARKET_PRICES = st.sampled_from([50_000, 50_010.5, 3000, 1, 0.00002]) | st.decimals("0.00000001", 10**8, places=8)
QUOTES = st.builds(quote, MARKET_PRICES, st.sampled_from([NOW, NOW - timedelta(seconds=1)]))


@cache
@st.composite
def market_views(draw: st.DrawFn) -> MarketView:
    """Draw what may be known of the symbol on the exchange, fresh."""
    listed, band_share = draw(st.booleans()), draw(st.sampled_from([Decimal("0.05"), Decimal("0.001"), Decimal(1)]))
    status = draw(st.sampled_from(["TRADING", "TRADING", "BREAK", None]))
    if status is None:
        return market_view(known=False, listed=listed, band_share=band_share)
    prices = {name: draw(sometimes(QUOTES)) for name in ("last", "mark", "bid", "ask")}
    state = market_state(status=status, rules=draw(st.sampled_from(RULES)), **prices)
    return market_view(state, listed=listed, band_share=band_share)


def regime_statuses(symbol: str | None) -> st.SearchStrategy[RegimeStatus]:
    """Draw a regime with exactly the limits of its phases."""
    return st.builds(
        regime_status,
        st.sampled_from(VolatilityPhase),
        st.sampled_from(DrawdownPhase),
        st.sampled_from(Trend),
        symbol=st.just(symbol),
    )


@cache
def regime_views() -> st.SearchStrategy[RegimeView]:
    """Draw what may be known of the regime, fresh."""
    return st.builds(regime_view, symbol=sometimes(regime_statuses(SYMBOL)), market=sometimes(regime_statuses(None)))


_LAYERS = st.just({}) | layers_at(*SCOPES)
_SYSTEM_MODES = st.sampled_from([Mode.ACTIVE, Mode.ACTIVE, Mode.CONSERVATIVE, Mode.BLIND])
_FAILSAFES = st.builds(
    FailSafeLimits, max_position_size_usd=st.sampled_from([5000.0, 100.0]), max_leverage=st.sampled_from([10, 3])
)
_MARKETS, _REGIMES = st.none() | market_views(), st.none() | regime_views()
_PORTFOLIOS = st.none() | portfolio_views()
_LEDGERS = st.just(LedgerView()) | ledgers()
_RATES, _RATE_LIMITS = st.integers(0, 12), st.none() | st.integers(1, 12)
_AUDIT_AVAILABLE, _DECISION_SECONDS = st.sampled_from([True, True, False]), st.sampled_from([0.0, 0.05, 0.051])


@cache
@st.composite
def contexts(
    draw: st.DrawFn,
    *,
    side: Side | None = None,
    modes: tuple[Mode, ...] = (Mode.ACTIVE, Mode.SAFE, Mode.HALTED),
) -> Context:
    """Draw contexts of a decision at `NOW` under any policy that could be stored."""
    return Context(
        decision_id=DECISION,
        now=NOW,
        received_at=NOW,
        policy=resolve(draw(_LAYERS), symbol=SYMBOL, strategy_id=STRATEGY, side=side),
        epoch=7,
        system_mode=draw(_SYSTEM_MODES),
        system_reason="drawn",
        control=draw(controls(*modes)),
        failsafe=draw(_FAILSAFES),
        market=draw(_MARKETS),
        regime=draw(_REGIMES),
        portfolio=draw(_PORTFOLIOS),
        symbol_known=draw(st.booleans()),
        audit_available=draw(_AUDIT_AVAILABLE),
        ledger=draw(_LEDGERS),
        orders_last_second=draw(_RATES),
        max_orders_per_second=draw(_RATE_LIMITS),
        decision_seconds=draw(_DECISION_SECONDS),
    )


JUNK = st.dictionaries(
    st.sampled_from(["strategy_id", "symbol", "action", "price", "a"]) | st.text(max_size=5), JSON, max_size=6
)
"""JSON objects that are hardly ever a signal."""


SPLINTERS = st.sampled_from(["", "}", '"', "{", "1e999", "NaN", ',"a":1,"a":2', "\x00"])


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """Draw a realistic payload with fields replaced by anything or left out, and perhaps a splinter in its text."""
    drawn = payload(**draw(fields(ENTRIES + EXITS, PRICES | EXTREME_PRICES)))
    for name in draw(st.lists(st.sampled_from(sorted(drawn)), max_size=3)):
        drawn[name] = draw(JSON)
    for name in draw(st.lists(st.sampled_from(sorted(drawn)), max_size=2)):
        drawn.pop(name, None)
    text = json.dumps(drawn)
    place = draw(st.integers(0, len(text)))
    return (text[:place] + draw(SPLINTERS) + text[place:]).encode()
