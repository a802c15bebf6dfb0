"""The portfolio in Redis, where the gates read it, and the reservations that it settles."""

# redis-py leaves some of its own parameters without types, which strict checking reports at every call.
# pyright: reportUnknownMemberType=false

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import cast

from pydantic import ValidationError
from redis.asyncio.client import Pipeline

from cio_strategist.adapters.redis.connection import RedisConnection, is_of_another_type
from cio_strategist.domain.portfolio.book import Latch
from cio_strategist.errors import ConflictError
from cio_strategist.ports import ShownPortfolio
from petrosa_contracts import PortfolioState
from petrosa_contracts.instant import as_utc
from petrosa_contracts.rediskeys import PORTFOLIO, PORTFOLIO_CLEARED
from petrosa_contracts.reservations import KEYS, SETTLE, settle_arguments

_LONGEST_PROBLEM = 200


class RedisPortfolio:
    """`PortfolioStore` and `LatchStore` on Redis."""

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection
        self._settle = connection.client.register_script(SETTLE)

    async def read(self) -> ShownPortfolio:
        """Return what is there."""
        with self._connection.translating():
            async with self._connection.client.pipeline(transaction=True) as pipe:
                return await _shown(pipe)

    async def publish(self, make: Callable[[ShownPortfolio], PortfolioState | None]) -> PortfolioState | None:
        """Ask `make` what to write in place of what is there, write it, and return it; None: nothing is written."""

        async def attempt() -> PortfolioState | None:
            with self._connection.translating():
                async with self._connection.client.pipeline(transaction=True) as pipe:
                    await pipe.watch(PORTFOLIO)
                    state = make(await self.read())
                    if state is not None:
                        pipe.multi()
                        pipe.set(PORTFOLIO, state.model_dump_json())
                        await self._connection.execute(pipe)
                    return state

        return await self._connection.until_undisturbed(attempt, self._conflict)

    async def settle(self, revision: int, decision_ids: Sequence[str]) -> None:
        """End the reservations of orders whose outcome this revision shows."""
        with self._connection.translating():
            await self._settle(keys=list(KEYS), args=settle_arguments(revision, decision_ids))

    async def clear(self, latch: Latch, at: datetime, *, by: str, reason: str) -> None:
        """Ask trackers to clear a latch; an instant asks once."""
        text = json.dumps({"at": at.isoformat(), "by": by, "reason": reason})
        with self._connection.translating():
            async with self._connection.client.pipeline(transaction=True) as pipe:
                pipe.hset(PORTFOLIO_CLEARED, latch, text)
                await pipe.execute()

    async def _conflict(self) -> ConflictError:
        return ConflictError(f"others kept writing the portfolio in Redis at {self._connection.where}")


async def _shown(pipe: Pipeline) -> ShownPortfolio:
    pipe.get(PORTFOLIO)
    pipe.hgetall(PORTFOLIO_CLEARED)
    text, cleared = await pipe.execute(raise_on_error=False)
    marks = {} if is_of_another_type(cleared) else cast("dict[str, str]", cleared)
    instants = {latch: at for latch, mark in marks.items() if (at := _instant(mark)) is not None}
    if is_of_another_type(text):
        return ShownPortfolio(None, problem=str(text), cleared=instants)
    if text is None:
        return ShownPortfolio(None, cleared=instants)
    try:
        return ShownPortfolio(PortfolioState.model_validate_json(cast("str", text)), cleared=instants)
    except ValidationError as error:
        problem = " ".join(str(error).split())[:_LONGEST_PROBLEM]
        return ShownPortfolio(None, problem=problem, cleared=instants)


def _instant(text: str) -> datetime | None:
    """Return when a latch was cleared; None for what nobody here wrote, which clears nothing."""
    try:
        return as_utc(datetime.fromisoformat(json.loads(text)["at"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
