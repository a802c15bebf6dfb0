"""What the gates read in Redis, read beside them."""

import asyncio
import time
from collections.abc import Mapping
from decimal import Decimal

from redis.asyncio import Redis

from demo.account import Account
from demo.ledger import BooksRead, Ledger, RegimesRead
from demo.market import FORMS
from petrosa_contracts import RegimeStatus
from petrosa_contracts.portfolio import PortfolioState
from petrosa_contracts.rediskeys import PORTFOLIO, REGIME

_HISTORY_SECONDS = 60.0
"""How long the feed may take to read weeks of candles; it takes a few seconds."""
_UNTIL_GATES_KNOW_SECONDS = 1.5
"""A gate reads regimes once a second, and nobody is told when it has."""
_AGREEMENT_SECONDS = 10.0
_POLL_SECONDS = 0.1


async def wait_for_regimes(redis: Redis, ledger: Ledger) -> None:
    """Return once the feed has told a regime of every symbol and gates know; record what it told.

    Raises `TimeoutError`.
    """
    deadline = time.monotonic() + _HISTORY_SECONDS
    while not (told := await _regimes(redis)).keys() >= FORMS.keys():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {_HISTORY_SECONDS:.0f} s the feed tells regimes of {sorted(told)} only")
        await asyncio.sleep(_POLL_SECONDS)
    await asyncio.sleep(_UNTIL_GATES_KNOW_SECONDS)
    ledger.record(RegimesRead(at=ledger.now(), regimes=told))


async def read_books(redis: Redis, account: Account, ledger: Ledger) -> None:
    """Record what is open on the exchange and as gates see it, once all is filled and they agree, or after 10 s."""
    deadline = time.monotonic() + _AGREEMENT_SECONDS
    while True:
        exchange, state = await account.positions(), await _portfolio(redis)
        portfolio: Mapping[tuple[str, str], Decimal] = {
            (each.symbol, each.side): each.quantity for each in (() if state is None else state.positions)
        }
        differences = () if state is None else state.differences
        if (exchange == portfolio and not ledger.unfilled and not differences) or time.monotonic() > deadline:
            break
        await asyncio.sleep(_POLL_SECONDS)
    ledger.record(BooksRead(at=ledger.now(), exchange=exchange, portfolio=portfolio, differences=differences))


async def _regimes(redis: Redis) -> Mapping[str, RegimeStatus]:
    stored = await redis.hgetall(REGIME)
    return {str(field): RegimeStatus.model_validate_json(text) for field, text in stored.items()}


async def _portfolio(redis: Redis) -> PortfolioState | None:
    text = await redis.get(PORTFOLIO)
    return None if text is None else PortfolioState.model_validate_json(text)
