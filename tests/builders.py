"""Values for tests of the gate: each builder returns something the gate approves of, changed as asked for."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from cio_decision.breaches import Finding
from cio_decision.context import Context, MarketView, PortfolioView, RegimeView
from cio_decision.decoding import PayloadLimits, Unreadable, decode
from cio_decision.freshness import Ages
from cio_decision.intent import Intent
from cio_decision.reservation import Entry, Exit
from cio_nurse.ports import Claim, Inbound
from cio_nurse.service.lanes import Arrival
from petrosa_contracts import (
    Breach,
    ControlEntry,
    DrawdownPhase,
    MarketState,
    Mode,
    PolicyLayer,
    PortfolioState,
    Position,
    Quote,
    RegimeStatus,
    ResolvedPolicy,
    ScopedControl,
    Side,
    SymbolRules,
    Trend,
    VolatilityPhase,
    resolve,
)
from petrosa_contracts.parameters import validate_patch

NOW = datetime(2026, 2, 25, 12, 0, 5, 500_000, tzinfo=UTC)
TODAY = NOW.date()
LAST_HOUR = NOW.replace(minute=0, second=0, microsecond=0)
DECISION = "0123456789abcdef0123456789abcdef"
SYMBOL = "BTCUSDT"
STRATEGY = "momentum_v1"
ABSENT = object()
"""As the value of an override: leave the field out."""


def payload(**overrides: Any) -> dict[str, Any]:
    """Return a buy of 0.01 BTCUSDT at 50,000 (500 USD), dated now."""
    fields = {
        "strategy_id": STRATEGY,
        "strategy": "momentum",
        "source": "test_bot",
        "intent_id": "intent-1",
        "symbol": SYMBOL,
        "action": "buy",
        "confidence": 0.9,
        "price": 50_000.0,
        "current_price": 50_000.0,
        "quantity": 0.01,
        "timestamp": NOW.isoformat(),
        **overrides,
    }
    return {name: value for name, value in fields.items() if value is not ABSENT}


def raw(**overrides: Any) -> bytes:
    """Return that payload as bytes."""
    return json.dumps(payload(**overrides)).encode()


def intent(**overrides: Any) -> Intent:
    """Return that payload as the gate reads it."""
    read = decode(raw(**overrides), PayloadLimits())
    assert not isinstance(read, Unreadable), read.breaches
    return read


def layer(scope: str, *, version: int = 3, **parameters: Any) -> PolicyLayer:
    """Return a layer of policy; its parameters must be ones that could have been stored."""
    assert not validate_patch(parameters), validate_patch(parameters)
    return PolicyLayer(scope=scope, version=version, parameters=parameters, updated_by="test")


def policy(*, scope: str = "global", version: int = 3, side: Side | None = Side.LONG, **values: Any) -> ResolvedPolicy:
    """Return the policy of an order of `intent()` where one scope sets the values and the rest is default."""
    layers = {scope: layer(scope, version=version, **values)} if values else {}
    return resolve(layers, symbol=SYMBOL, strategy_id=STRATEGY, side=side)


def context(**overrides: Any) -> Context:
    """Return the context of a decision at `NOW`, ACTIVE, under the default policy, with nothing in the ledger."""
    fields: dict[str, Any] = {
        "decision_id": DECISION,
        "now": NOW,
        "received_at": NOW,
        "policy": policy(),
        "epoch": 7,
        **overrides,
    }
    return Context(**fields)


def ago(seconds: float) -> datetime:
    """Return the instant that many seconds before `NOW`; a negative number gives a later one."""
    return NOW - timedelta(seconds=seconds)


def quote(price: float | str, as_of: datetime = NOW) -> Quote:
    """Return an observed price."""
    return Quote(price=Decimal(str(price)), as_of=as_of)


def symbol_rules(**overrides: Any) -> SymbolRules:
    """Return the filters of a symbol such as BTCUSDT, all of which `intent()` keeps."""
    fields = {
        "tick": "0.1",
        "min_price": "100",
        "max_price": "1000000",
        "step": "0.001",
        "min_quantity": "0.001",
        "max_quantity": "1000",
        "market_step": "0.001",
        "market_min_quantity": "0.001",
        "market_max_quantity": "120",
        "min_notional": "100",
        "multiplier_up": "1.05",
        "multiplier_down": "0.95",
        **overrides,
    }
    return SymbolRules.model_validate(fields)


def market_state(
    *, symbol: str = SYMBOL, price: float | str = 50_000, as_of: datetime = NOW, **more: Any
) -> MarketState:
    """Return a symbol that trades, with last, mark, bid and ask at one price; `more` replaces any field."""
    prices = {name: quote(price, as_of) for name in ("last", "mark", "bid", "ask")}
    fields = {"symbol": symbol, "status": "TRADING", "rules": symbol_rules(), "rules_as_of": ago(60), **prices, **more}
    return MarketState(**fields)


def market_view(state: MarketState | None = None, *, known: bool = True, **overrides: Any) -> MarketView:
    """Return what the gate knows of the symbol of `intent()`: `state`, else a fresh one at its price.

    With `known=False` nothing is known of the symbol. Other fields are those of `MarketView`.
    """
    found = state or (market_state() if known else None)
    fields: dict[str, Any] = {
        "state": found,
        "listed": True,
        "ages": Ages(stale_seconds=5.0, lost_seconds=15.0),
        "band_share": Decimal("0.05"),
        **overrides,
    }
    return MarketView(**fields)


def regime_status(
    volatility: VolatilityPhase = VolatilityPhase.NORMAL,
    drawdown: DrawdownPhase = DrawdownPhase.SHALLOW,
    trend: Trend = Trend.SIDEWAYS,
    *,
    symbol: str | None = SYMBOL,
    as_of: datetime = LAST_HOUR,
) -> RegimeStatus:
    """Return a status with exactly the limits of its phases, as of the last full hour; by default a calm one."""
    return RegimeStatus.of_phases(
        symbol=symbol, volatility=volatility, drawdown=drawdown, trend=trend, confidence=0.9, as_of=as_of
    )


def regime_view(**overrides: Any) -> RegimeView:
    """Return a calm, fresh regime of the symbol of `intent()` and of the market; fields as in `RegimeView`."""
    fields: dict[str, Any] = {
        "symbol": regime_status(),
        "market": regime_status(symbol=None),
        "ages": Ages(stale_seconds=7200.0, lost_seconds=21_600.0),
        **overrides,
    }
    return RegimeView(**fields)


def position(
    side: Side = Side.LONG,
    quantity: float | str = "0.1",
    *,
    symbol: str = SYMBOL,
    price: float | str = 50_000,
    **more: Any,
) -> Position:
    """Return an open position, worth what it costs at `price`; `more` replaces any field."""
    size, at = Decimal(str(quantity)), Decimal(str(price))
    fields: dict[str, Any] = {"notional": size * at, "entry_price": at, "leverage": Decimal(10), **more}
    return Position(symbol=symbol, side=side, quantity=size, **fields)


def portfolio_state(*positions: Position, equity: float | str | None = 100_000, **overrides: Any) -> PortfolioState:
    """Return a hedge-mode portfolio at its peak, without a loss today; other fields as in `PortfolioState`."""
    worth = None if equity is None else Decimal(str(equity))
    fields: dict[str, Any] = {
        "as_of": NOW,
        "revision": 1,
        "position_mode": "hedge",
        "equity": worth,
        "peak_equity": worth,
        "drawdown": Decimal(0),
        "day": TODAY,
        "day_equity": worth,
        "realised": Decimal(0),
        "unrealised": Decimal(0),
        "daily_loss": Decimal(0),
        "positions": positions,
        **overrides,
    }
    return PortfolioState(**fields)


def portfolio_view(state: PortfolioState | None = None, *, known: bool = True, **overrides: Any) -> PortfolioView:
    """Return a fresh view of `state`, else of a portfolio without positions.

    With `known=False` nothing is known. Other fields are those of `PortfolioView`.
    """
    found = state or (portfolio_state() if known else None)
    fields: dict[str, Any] = {
        "state": found,
        "ages": Ages(stale_seconds=10.0, lost_seconds=15.0),
        "drawdown_limit": Decimal("0.2"),
        **overrides,
    }
    return PortfolioView(**fields)


def control_entry(mode: Mode, **overrides: Any) -> ControlEntry:
    """Return a control entry of an operator."""
    return ControlEntry(**{"mode": mode, "reason": "exchange incident", "set_by": "ops", **overrides})


def control(mode: Mode, *, scope: str = "global", **overrides: Any) -> ScopedControl:
    """Return the control entry that decides for an intent."""
    return ScopedControl(scope, control_entry(mode, **overrides))


def arrival(read: Intent | None = None, *, at: datetime = NOW, arrived: float = 0.0, **fields: Any) -> Arrival:
    """Return an intent as it came, with a reply subject of its own."""
    found = read or intent()
    reply = fields.pop("reply", f"_INBOX.{found.signal_id}")
    message = inbound(json.dumps(dict(found.payload)).encode(), reply, fields.pop("headers", None))
    return Arrival(found, message, fields.pop("trace", None), at, arrived, **fields)


def inbound(data: bytes, reply: str = "", headers: Mapping[str, str] | None = None) -> Inbound:
    """Return a message as it comes from a bot."""
    return Inbound(data, f"cio.intent.trading.{STRATEGY}", reply, headers)


def claim(identity: str = "identity-1", decision_id: str = DECISION, **overrides: Any) -> Claim:
    """Return a claim of an entry that counts for its strategy and may do so without limit."""
    fields: dict[str, Any] = {"scopes": ("global", f"strategy:{STRATEGY}"), "limited_scope": f"strategy:{STRATEGY}"}
    return Claim(identity=identity, decision_id=decision_id, **{**fields, **overrides})


def exit_claim(identity: str = "identity-1", decision_id: str = DECISION) -> Claim:
    """Return a claim of an exit, which counts as no trade."""
    return Claim(identity=identity, decision_id=decision_id)


def entry_of(name: str = f"{SYMBOL}:LONG", usd: float = 500, **overrides: Any) -> Entry:
    """Return what an entry at 10x takes up that opens a position, on a portfolio that knows no limits."""
    fields: dict[str, Any] = {
        "notional": int(usd * 1_000_000),
        "leverage": 10_000_000,
        "opens": True,
        "may_add": True,
        "notional_left": None,
        "leverage_left": None,
        "positions_left": None,
        "revision": 1,
        "open_names": frozenset(),
        **overrides,
    }
    return Entry(name=name, **fields)


def exit_of(quantity: float = 0.1, quantity_left: float | None = None, *, symbol: str = SYMBOL, **more: Any) -> Exit:
    """Return what an exit takes out of the position of a symbol, as far as that reaches."""
    left = None if quantity_left is None else round(quantity_left * 1_000_000)
    return Exit(symbol=symbol, quantity=round(quantity * 1_000_000), quantity_left=left, **{"revision": 1, **more})


def stored_policy(*layers: PolicyLayer) -> dict[str, bytes]:
    """Return layers as the store keeps them."""
    return {each.scope: each.model_dump_json().encode() for each in layers}


def stored_control(**entries: ControlEntry) -> dict[str, bytes]:
    """Return control entries as the store keeps them; `symbol_BTCUSDT` stands for the scope `symbol:BTCUSDT`."""
    return {key.replace("_", ":", 1): entry.model_dump_json().encode() for key, entry in entries.items()}


def trades(day: date, **counts: int) -> Mapping[date, dict[str, int]]:
    """Return trade counts of one UTC day as the store keeps them, keys as in `stored_control`."""
    return {day: {key.replace("_", ":", 1): count for key, count in counts.items()}}


def codes(found: Sequence[Any]) -> list[str]:
    """Return the codes of breaches, in order."""
    return [str(breach.code) for breach in found]


def breached(found: Finding) -> Breach:
    """Return the breach that a gate found; fails if it let the intent pass."""
    assert isinstance(found, Breach), found
    return found


def passes(found: Finding) -> bool:
    """Whether a gate lets an intent pass, whatever it measured."""
    return not isinstance(found, Breach)
