"""The bots: what each one wants at a tick, and the payload form in which it says so. Pure for a given random source."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from demo.market import FALLEN, FORMS, Phase, Tick
from petrosa_contracts import Code, subjects

OLD_SUBJECT = "intent.trading.*"
"""Older bots publish on this literal text, star included."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a bot wants done; `usd` 0 leaves the amount to the engine."""

    action: str
    usd: float = 0.0
    confidence: float = 0.8
    percent: bool = False
    """Stops are written as percent where fractions are meant."""
    twice: bool = False
    """The same message goes out again when it was approved."""
    flaw: Code | None = None


@dataclass(frozen=True, slots=True)
class Bot:
    """One strategy. `asks` is whether it waits for the verdict or just publishes."""

    strategy_id: str
    symbol: str
    form: Callable[["Bot", Wish, float, Random], dict[str, Any]]
    habit: Callable[[Tick, Random], Wish | None]
    asks: bool
    old: bool = False

    @property
    def subject(self) -> str:
        """Where it sends its intents."""
        return OLD_SUBJECT if self.old else subjects.intent(self.strategy_id)


def ta_form(bot: Bot, wish: Wish, price: float, rng: Random) -> dict[str, Any]:
    """Return the payload as technical-analysis bots write it: mostly without a quantity, stops as prices and shares."""
    return {
        **_common(bot, wish, price),
        "quantity": _quantity(bot, wish, price),
        "source": "ta_bot",
        "timeframe": "15m",
        "position_size_pct": 0.002 if wish.action in _SIGNS else None,
        **_stops(bot, wish, price, 0.02, 0.04),
        "recommended_leverage": 5 if wish.action in _SIGNS else None,
        "intent_id": UUID(int=rng.getrandbits(128)).hex,
        "signal_id": None,
    }


def realtime_form(bot: Bot, wish: Wish, price: float, rng: Random) -> dict[str, Any]:
    """Return the payload as realtime bots write it: a quantity, one id in two fields, an empty trace context."""
    name = str(UUID(int=rng.getrandbits(128)))
    return {
        **_common(bot, wish, price),
        "id": name,
        "signal_id": name,
        "quantity": _quantity(bot, wish, price) or _quantity(bot, _SMALL_CHANGE, price),
        "target_price": price,
        "source": "realtime_strategies",
        "timeframe": "1m",
        "signal_type": wish.action,
        "confidence_score": wish.confidence,
        **_stops(bot, wish, price, 0.03, 0.05),
        "_otel_trace_context": {},
    }


def old_form(bot: Bot, wish: Wish, price: float, rng: Random) -> dict[str, Any]:
    """Return the payload as realtime bots used to write it: stops as shares only, `close` typed as a sell."""
    payload = realtime_form(bot, wish, price, rng)
    return payload | {
        "source": "realtime-strategies",
        "timeframe": "tick",
        "signal_type": "sell" if wish.action == "close" else wish.action,
        "stop_loss": None,
        "take_profit": None,
    }


_SIGNS = {"buy": 1, "sell": -1}
_SMALL_CHANGE = Wish("hold", usd=50)


def _common(bot: Bot, wish: Wish, price: float) -> dict[str, Any]:
    return {
        "strategy_id": bot.strategy_id,
        "strategy": bot.strategy_id.removesuffix(f"_{bot.symbol}"),
        "strategy_mode": "deterministic",
        "symbol": bot.symbol,
        "action": wish.action,
        "confidence": wish.confidence,
        "price": price,
        "current_price": price,
        "order_type": "market",
        "time_in_force": "GTC",
        "metadata": {},
    }


def _quantity(bot: Bot, wish: Wish, price: float) -> float:
    return round(wish.usd / price, FORMS[bot.symbol].quantity_decimals)


def _stops(bot: Bot, wish: Wish, price: float, stop: float, target: float) -> dict[str, Any]:
    sign = _SIGNS.get(wish.action)
    if sign is None:
        return dict.fromkeys(("stop_loss", "stop_loss_pct", "take_profit", "take_profit_pct"))
    scale, decimals = 100 if wish.percent else 1, FORMS[bot.symbol].price_decimals
    return {
        "stop_loss": round(price * (1 - sign * stop), decimals),
        "stop_loss_pct": stop * scale,
        "take_profit": round(price * (1 + sign * target), decimals),
        "take_profit_pct": target * scale,
    }


def _steady(*, every: int, usd: float = 0.0, doubts: bool = False) -> Callable[[Tick, Random], Wish | None]:
    """Trade a little at every n-th tick and get out in a crash; with `doubts`, sometimes without confidence."""

    def habit(tick: Tick, rng: Random) -> Wish | None:
        crashing = tick.phase is Phase.CRASH
        if tick.index % (2 if crashing else every):
            return None
        action = rng.choices(("buy", "sell", "close", "hold"), (1, 2, 6, 0) if crashing else (10, 5, 4, 1))[0]
        confidence = round(rng.uniform(0.42 if doubts else 0.6, 0.95), 2)
        return Wish(action, usd=usd, confidence=confidence)

    return habit


def _reckless(tick: Tick, rng: Random) -> Wish | None:
    """Trade large, now and then far too large, and panic in a crash."""
    if tick.phase is Phase.CRASH:
        if tick.index % 2:
            return Wish(rng.choice(("sell", "buy")), usd=rng.uniform(8_000, 60_000), flaw=Code.ORDER_NOTIONAL_MAX)
        return Wish("close") if tick.index % 4 else None
    match tick.index % 12:
        case 1:
            return Wish("buy", usd=rng.uniform(1_500, 9_000), flaw=Code.ORDER_NOTIONAL_MAX)
        case 5:
            return Wish("buy", usd=rng.uniform(500, 900))
        case 9:
            return Wish("close")
        case _:
            return None


def _confused(tick: Tick, rng: Random) -> Wish | None:
    """Write percent where fractions are meant, two times out of three."""
    if tick.index % 6 != 2:
        return None
    if tick.index % 18 == 2:
        return Wish("close" if tick.phase is Phase.CRASH else "buy", usd=120)
    return Wish(rng.choice(("buy", "sell")), usd=120, percent=True, flaw=Code.STOP_INVALID)


def _forgetful(tick: Tick, rng: Random) -> Wish | None:
    """Send every exit a second time."""
    match tick.index % 7:
        case 2:
            return Wish(rng.choice(("buy", "sell")), usd=rng.uniform(60, 140))
        case 5:
            return Wish("close", twice=True)
        case _:
            return None


def _bargaining(tick: Tick, _rng: Random) -> Wish | None:
    """Buy what has fallen, as if it could not fall any further."""
    match tick.index % 10:
        case 4 | 7:
            return Wish("buy", usd=15, flaw=Code.REGIME_ENTRY)
        case 9:
            return Wish("close")
        case _:
            return None


RECKLESS = Bot("momentum_max", "BTCUSDT", realtime_form, _reckless, asks=True)
FORGETFUL = Bot("grid_retry", "SOLUSDT", ta_form, _forgetful, asks=True)

BOTS: tuple[Bot, ...] = (
    Bot("rsi_extreme_reversal", "BTCUSDT", ta_form, _steady(every=4), asks=True),
    Bot("Iceberg Order Detector", "ETHUSDT", realtime_form, _steady(every=5, usd=50, doubts=True), asks=False),
    Bot("spread_liquidity_SOLUSDT", "SOLUSDT", old_form, _steady(every=6, usd=50), asks=False, old=True),
    RECKLESS,
    Bot("vwap_percent", "ETHUSDT", realtime_form, _confused, asks=True),
    FORGETFUL,
    Bot("dip_bargain", FALLEN, realtime_form, _bargaining, asks=True),
)
