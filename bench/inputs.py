"""Keeps market, regime and portfolio fresh in Redis, as feed and tracker would: `python -m bench.inputs REDIS_URL`.

Prices are those that the benchmark's intents name, and the portfolio has room for all of them, so that every gate has
something to judge and lets everything pass.
"""

import select
import sys
from datetime import UTC, datetime
from decimal import Decimal

import redis

from bench.samples import EQUITY, PRICES
from petrosa_contracts import (
    DrawdownPhase,
    MarketState,
    PortfolioState,
    Quote,
    RegimeStatus,
    SymbolRules,
    Trend,
    VolatilityPhase,
    rediskeys,
)
from petrosa_contracts.market import TRADING

INPUTS = "market,regime,portfolio"
"""What the gate under test is told to need."""

_EVERY_SECONDS = 1.0
_RULES = SymbolRules(
    tick=Decimal("0.0001"),
    step=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    max_quantity=Decimal(10**6),
    min_notional=Decimal(5),
    multiplier_up=Decimal("1.05"),
    multiplier_down=Decimal("0.95"),
)


def keep_fresh(redis_url: str) -> None:
    """Write all of it every second until standard input ends."""
    with redis.Redis.from_url(redis_url) as client:
        revision = 0
        while True:
            revision += 1
            _write(client, revision)
            if revision == 1:
                print("ready", flush=True)
            if select.select([sys.stdin], [], [], _EVERY_SECONDS)[0]:
                return


def _write(client: redis.Redis, revision: int) -> None:
    now = datetime.now(UTC)
    with client.pipeline(transaction=True) as pipe:
        pipe.hset(rediskeys.MARKET, mapping={symbol: market(symbol, now).model_dump_json() for symbol in PRICES})
        pipe.publish(rediskeys.MARKET_CHANGED, " ".join(PRICES))
        regimes = {symbol or "global": regime(symbol, now).model_dump_json() for symbol in (*PRICES, None)}
        pipe.hset(rediskeys.REGIME, mapping=regimes)
        pipe.set(rediskeys.PORTFOLIO, portfolio(revision, now).model_dump_json())
        pipe.execute()


def market(symbol: str, now: datetime) -> MarketState:
    """Return a symbol that trades at the price that intents name."""
    quote = Quote(price=Decimal(repr(PRICES[symbol])), as_of=now)
    return MarketState(
        symbol=symbol, status=TRADING, rules=_RULES, rules_as_of=now, last=quote, mark=quote, bid=quote, ask=quote
    )


def regime(symbol: str | None, now: datetime) -> RegimeStatus:
    """Return a calm regime of a symbol, or of the market as a whole."""
    return RegimeStatus.of_phases(
        symbol=symbol,
        volatility=VolatilityPhase.NORMAL,
        trend=Trend.SIDEWAYS,
        drawdown=DrawdownPhase.SHALLOW,
        confidence=1.0,
        as_of=now,
    )


def portfolio(revision: int, now: datetime) -> PortfolioState:
    """Return a portfolio with room for everything."""
    return PortfolioState(
        as_of=now,
        revision=revision,
        position_mode="hedge",
        equity=Decimal(EQUITY),
        peak_equity=Decimal(EQUITY),
        drawdown=Decimal(0),
        day=now.date(),
        day_equity=Decimal(EQUITY),
        realised=Decimal(0),
        unrealised=Decimal(0),
        daily_loss=Decimal(0),
    )


if __name__ == "__main__":
    keep_fresh(sys.argv[1])
