"""Market state into Redis: what changed, bundled; all of it again when Redis lost something."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from pydantic import ValidationError

from cio_strategist.domain.market.board import MarketBoard
from cio_strategist.ports import Clock, FeedMetrics, FieldStore
from cio_strategist.service.repeating import repeat
from petrosa_contracts.market import MarketState

MOST_SYMBOLS = 100
"""Symbols in one write; the others wait for the next. Readers take over a bounded lot at a time, too."""
_LOOK_SECONDS = 2.0
"""While nothing changes, how often it is looked whether Redis still has everything."""
_REPAIR_SECONDS = 30.0
"""How often all fields are compared with what they should be."""
_LONGEST_PAUSE_SECONDS = 2.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class MarketWriting:
    """Writes what waits on the board, at most once in `every` seconds and at most `MOST_SYMBOLS` at a time.

    Changes to a symbol that comes between two writes are bundled by the board. While Redis is away they wait there.
    """

    def __init__(
        self, board: MarketBoard, store: FieldStore, *, clock: Clock, metrics: FeedMetrics, every: float
    ) -> None:
        self._board = board
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._every = every
        self._restored = False
        self._repair_due = True
        self._repaired_at = clock.now()
        self.confirmed_at: datetime | None = None
        """When Redis last had everything that did not wait; None before the first time."""

    async def run(self) -> None:
        """Write until cancelled."""
        await repeat(
            self.write,
            what="market_state",
            every=self._every,
            first=self._every,
            longest=_LONGEST_PAUSE_SECONDS,
            metrics=self._metrics,
        )

    async def write(self) -> None:
        """Write once, if there is anything to write or to look after. Raises what the store raises; nothing is lost."""
        if not self._restored:
            await self._restore()
        if not len(self._board):
            return
        now = self._clock.now()
        if self._repair_due or abs(now - self._repaired_at) > timedelta(seconds=_REPAIR_SECONDS):
            await self._repair()
            return
        states = self._board.take_changed(MOST_SYMBOLS)
        if states or self.confirmed_at is None or abs(now - self.confirmed_at) > timedelta(seconds=_LOOK_SECONDS):
            await self._put(states, remove=())

    async def _restore(self) -> None:
        """Begin with what an earlier process wrote, so that prices can be told while the exchange is away."""
        stored = await self._store.read()
        states = [state for symbol, text in stored.items() if (state := _state(symbol, text)) is not None]
        self._board.restore(states, now=self._clock.now())
        self._restored = True
        _log.info("market_restored", symbols=len(states), unreadable=len(stored) - len(states))

    async def _repair(self) -> None:
        stored = await self._store.read()
        waiting = {state.symbol for state in self._board.take_changed(len(self._board))}
        wanted = self._board.everything()
        wrong = [state for state in wanted if stored.get(state.symbol) != state.model_dump_json()]
        foreign = stored.keys() - {state.symbol for state in wanted}
        self._repair_due = False
        try:
            await self._put(wrong, remove=foreign)
        except BaseException:
            self._repair_due = True
            raise
        self._repaired_at = self._clock.now()
        drift = len(foreign) + sum(state.symbol not in waiting for state in wrong)
        if drift:
            self._metrics.repaired(drift)
            _log.warning("market_repaired", fields=drift)

    async def _put(self, states: list[MarketState], *, remove: Iterable[str]) -> None:
        fields = {state.symbol: state.model_dump_json() for state in states}
        try:
            length = await self._store.write(fields, remove=remove)
        except BaseException:
            self._board.give_back(states)
            raise
        self.confirmed_at = self._clock.now()
        if fields:
            self._metrics.written(len(fields))
        if length != len(self._board):
            self._repair_due = True


def _state(symbol: str, text: str) -> MarketState | None:
    try:
        state = MarketState.model_validate_json(text)
    except ValidationError:
        return None
    return state if state.symbol == symbol else None
