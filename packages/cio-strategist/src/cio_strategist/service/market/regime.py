"""Regimes from candles: history from the exchange, then each hour as it closes, into Redis."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from cio_strategist.domain.market.exchange_answers import read_klines
from cio_strategist.domain.market.observation import CLOCK_TOLERANCE, ClosedCandle
from cio_strategist.domain.regime.data_service import read_service_regime
from cio_strategist.domain.regime.market import market_status, with_second_opinion
from cio_strategist.domain.regime.settings import RegimeSettings
from cio_strategist.domain.regime.symbol_regime import SymbolRegime
from cio_strategist.errors import ExchangeUnavailableError
from cio_strategist.ports import CandleSource, Clock, FeedMetrics, FieldStore, RegimeOpinion
from cio_strategist.service.repeating import repeat
from petrosa_contracts import RegimeStatus

INTERVAL = "1h"
"""Candles that regimes are told from, as the exchange writes their length."""
MARKET = "global"
"""Field of the market as a whole."""

_LOOK_SECONDS = 2.0
"""How often it is looked for candles that are missing, and whether Redis still has everything."""
_CLOSING = timedelta(seconds=3)
"""How long after its end the exchange may still change a candle."""
_LONGEST_AGE = timedelta(hours=2, minutes=5)
"""Age at which a symbol's status counts as unknown for the market: one candle was missed."""
_AGAIN = timedelta(seconds=15)
"""After a candle that is due could not be had, how long it is not asked for again."""
_OPINION_AGE = timedelta(seconds=60)
"""After which the second opinion is asked for again."""
_BATCH = 25
"""Candles that are classified at a time, so that nothing else waits: a few milliseconds."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class RegimeTelling:
    """Follows the symbols of the settings and those that are streamed, and tells their regimes and the market's.

    Nothing is told of a symbol before its history was read. While candles cannot be read, the last status stays with
    its time; a market none of whose symbols is fresh is unknown.
    """

    def __init__(
        self,
        candles: CandleSource,
        store: FieldStore,
        *,
        clock: Clock,
        metrics: FeedMetrics,
        symbols: Sequence[str],
        streamed: Callable[[], Iterable[str]],
        is_listed: Callable[[str], bool],
        opinion: RegimeOpinion | None = None,
        settings: RegimeSettings | None = None,
    ) -> None:
        self._candles = candles
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._symbols = tuple(symbols)
        self._streamed = streamed
        self._is_listed = is_listed
        self._opinion = opinion
        self._settings = settings or RegimeSettings()
        self._followed: dict[str, SymbolRegime] = {}
        self._opinions: dict[str, _Opinion] = {}
        self._told: Mapping[str, RegimeStatus] = {}
        self._not_before: dict[str, datetime] = {}

    @property
    def ages(self) -> dict[str, float]:
        """Seconds since the end of the newest candle of each symbol, and of the market's oldest."""
        now = self._clock.now()
        return {field: round((now - status.as_of).total_seconds(), 1) for field, status in self._told.items()}

    def on_candle(self, closed: ClosedCandle) -> None:
        """Take a candle as it was streamed, if it is the next one of a symbol that is followed."""
        regime = self._followed.get(closed.symbol)
        has_ended = closed.candle.opened_at + self._settings.period <= self._clock.now() + CLOCK_TOLERANCE
        if regime is not None and closed.interval == INTERVAL and has_ended:
            regime.take_next(closed.candle)

    async def read(self) -> None:
        """Read candles as they become due, until cancelled."""
        await repeat(self._read_missing, what="candles", every=_LOOK_SECONDS, metrics=self._metrics)

    async def write(self) -> None:
        """Keep Redis at what is known, until cancelled."""
        await repeat(self.tell, what="regimes", every=_LOOK_SECONDS, metrics=self._metrics)

    async def ask(self) -> None:
        """Ask for the second opinion until cancelled; if there is nobody to ask, wait for ever."""
        if self._opinion is None:
            await asyncio.Event().wait()
        await repeat(self._ask_opinion, what="opinion", every=_LOOK_SECONDS, metrics=self._metrics)

    async def tell(self) -> None:
        """Write every status that Redis does not have, and remove what is neither known here nor fresh."""
        told, before = self._statuses(), self._told
        self._told = told
        for field, status in told.items():
            if field not in before or _phases(status) != _phases(before[field]):
                _log.info("regime_told", field=field, as_of=status.as_of.isoformat(), **_phases(status))
        if not told:
            return
        wanted = {field: status.model_dump_json() for field, status in told.items()}
        stored = await self._store.read()
        changed = {field: text for field, text in wanted.items() if stored.get(field) != text}
        stale = [field for field, text in stored.items() if field not in wanted and self._is_stale(text)]
        if changed or stale:
            await self._store.write(changed, remove=stale)

    def _statuses(self) -> dict[str, RegimeStatus]:
        now = self._clock.now()
        told: dict[str, RegimeStatus] = {}
        for symbol, regime in self._followed.items():
            status, other = regime.status, self._opinions.get(symbol)
            # A delisted symbol has no candles any more, and its age would make the whole market unknown.
            if status is not None and self._is_listed(symbol):
                is_fresh = other is not None and now - other.status.as_of <= _LONGEST_AGE
                told[symbol] = with_second_opinion(status, other.status) if other is not None and is_fresh else status
        if told:
            told[MARKET] = market_status(told.values(), now=now, longest_age=_LONGEST_AGE)
        return told

    def _is_stale(self, text: str) -> bool:
        try:
            status = RegimeStatus.model_validate_json(text)
        except ValueError:
            return True
        return self._clock.now() - status.as_of > _LONGEST_AGE

    async def _read_missing(self) -> None:
        for symbol in dict.fromkeys((*self._symbols, *self._streamed())):
            now = self._clock.now()
            if self._is_listed(symbol) and now >= self._not_before.get(symbol, now):
                try:
                    await self._catch_up(symbol)
                except ExchangeUnavailableError:
                    # Others have their turn first: the trouble may be this symbol's own.
                    self._not_before[symbol] = self._clock.now() + _AGAIN
                    raise

    async def _catch_up(self, symbol: str) -> None:
        known = self._followed.get(symbol)
        regime = known or SymbolRegime(symbol, self._settings)
        while (since := regime.missing_since(self._clock.now() - _CLOSING)) is not None:
            if not await self._take_since(regime, since):
                self._not_before[symbol] = self._clock.now() + _AGAIN
                break
        # Told only with its whole history: half of it would rank today against too little.
        if known is None and regime.status is not None:
            self._followed[symbol] = regime

    async def _take_since(self, regime: SymbolRegime, since: datetime) -> bool:
        """Read candles from `since` on, and return whether that brought the regime any further."""
        latest = self._clock.now() - _CLOSING
        limit = min(regime.candles_in(latest - since), self._candles.most_candles)
        read = read_klines(await self._candles.klines(regime.symbol, INTERVAL, since=since, limit=limit))
        if read is None:
            raise ExchangeUnavailableError(f"klines of {regime.symbol}: the answer is unreadable")
        before = regime.newest
        candles = [candle for candle, closes_at in read if closes_at < latest]
        for start in range(0, len(candles), _BATCH):
            for refusal in regime.take(candles[start : start + _BATCH]):
                self._metrics.dropped("candles", refusal)
            await asyncio.sleep(0)
        return regime.newest != before

    async def _ask_opinion(self) -> None:
        for symbol in tuple(self._followed):
            known = self._opinions.get(symbol)
            if self._opinion is not None and (known is None or abs(self._clock.now() - known.asked_at) > _OPINION_AGE):
                answer, now = await self._opinion.regime(symbol, INTERVAL), self._clock.now()
                self._opinions[symbol] = _Opinion(read_service_regime(answer, symbol=symbol, received_at=now), now)


@dataclass(frozen=True, slots=True)
class _Opinion:
    status: RegimeStatus
    asked_at: datetime


def _phases(status: RegimeStatus) -> dict[str, str]:
    return {"volatility": status.volatility, "trend": status.trend, "drawdown": status.drawdown}
