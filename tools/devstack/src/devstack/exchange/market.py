"""The simulated market: prices that follow the seeded walk, their candles, and what a script does to them."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from devstack.exchange.intervals import DAY, ending, longest, opening
from devstack.exchange.minutes import HISTORY_DAYS, MINUTE, History, Minute, Minutes
from devstack.exchange.refusals import Reason, RefusedError
from devstack.exchange.rules import SymbolRules
from devstack.exchange.walk import Slide, Walk

TICK = 1000
"""Milliseconds between two prices of a symbol."""
TRADING = "TRADING"
_MARK_STEP = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Candle:
    """One candle: times in milliseconds, prices in the quote asset, volume in the base asset."""

    opened: int
    ended: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal

    @property
    def quote_volume(self) -> Decimal:
        """Roughly what was traded in the quote asset."""
        return self.volume * (self.high + self.low + self.close) / 3


class Market:
    """All symbols of the exchange from `start` (milliseconds) on.

    `advance` brings prices up to an instant, second by second. The last trade is always at the bid, and the spread is
    one tick, so the ask is one tick above it.
    """

    def __init__(self, rules: Iterable[SymbolRules], *, seed: int, start: int) -> None:
        self.rules = {each.symbol: each for each in rules}
        self.seed = seed
        self.start = start
        self.statuses = dict.fromkeys(self.rules, TRADING)
        self.walk = Walk(
            seed,
            levels={symbol: math.log(each.start_price) for symbol, each in self.rules.items()},
            volatilities={symbol: each.yearly_volatility for symbol, each in self.rules.items()},
        )
        self._ticks = 0
        self._first_minute = opening("1m", start)
        self._quoted_at = dict.fromkeys(self.rules, start)
        self._minutes = {
            symbol: Minutes(History(seed, each, self.walk.correlation)) for symbol, each in self.rules.items()
        }
        for symbol, level in self.walk.levels.items():
            self._minutes[symbol].add(0, level, 0.0)

    @property
    def listed_since(self) -> int:
        """When the symbols were listed, in milliseconds."""
        return self._first_minute - HISTORY_DAYS * DAY

    def rule(self, symbol: str) -> SymbolRules:
        """Return a symbol's rules; raises `RefusedError` for one that is not listed."""
        if symbol not in self.rules:
            raise RefusedError(Reason.INVALID_SYMBOL)
        return self.rules[symbol]

    def last(self, symbol: str) -> Decimal:
        """Return the price of the last trade, which is also the best bid."""
        return self._price(symbol, self.walk.levels[symbol])

    def bid(self, symbol: str) -> Decimal:
        """Return the best bid."""
        return self.last(symbol)

    def ask(self, symbol: str) -> Decimal:
        """Return the best ask."""
        return self.last(symbol) + self.rules[symbol].tick

    def mark(self, symbol: str) -> Decimal:
        """Return the mark price, which is the index price too: the last price before it is rounded to the tick."""
        return Decimal(math.exp(self.walk.levels[symbol])).quantize(_MARK_STEP, ROUND_HALF_EVEN)

    def quoted_at(self, symbol: str) -> int:
        """Return when the symbol's price was last formed, in milliseconds; it stands still while frozen."""
        return self._quoted_at[symbol]

    def advance(self, now: int, after_each: Callable[[int], None]) -> None:
        """Let prices move until `now`, calling `after_each` with the instant of every step."""
        while (instant := self.start + (self._ticks + 1) * TICK) <= now:
            self._ticks += 1
            for symbol, shock in self.walk.step().items():
                traded = self.rules[symbol].volume_per_second * shock.liveliness
                self._record(symbol, instant, shock.level, traded)
            after_each(instant)

    def crash(self, symbols: Iterable[str], *, percent: Decimal, seconds: int) -> None:
        """Let symbols lose `percent` (0 to 100; negative: gain) on top of their walk, over `seconds`; 0 is at once."""
        chosen = frozenset(symbols)
        fall = math.log(1 - float(percent) / 100)
        if seconds:
            self.walk.slides.append(Slide(chosen, fall / seconds, seconds))
            return
        for symbol in chosen - self.walk.frozen:
            self._jump(symbol, self.walk.levels[symbol] + fall)

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Put a symbol at a price, frozen or not; it walks on from there."""
        self._jump(symbol, math.log(price))

    def candles(self, symbol: str, interval: str, *, first: int | None, last: int, limit: int) -> list[Candle]:
        """Return at most `limit` candles that open from `first` to `last`: the oldest, or without `first` the newest.

        The last one may still be growing. Raises `RefusedError` for an unknown interval.
        """
        longest(interval)
        newest = min(last, self.start + self._ticks * TICK)
        if newest < max(first or 0, self.listed_since):
            return []
        opened = self._opening_of(interval, newest, limit) if first is None else self._opening_after(interval, first)
        found: list[Candle] = []
        while opened <= newest and len(found) < limit:
            ended = ending(interval, opened)
            found.append(self._candle(symbol, opened, ended))
            opened = ended
        return found

    def _opening_of(self, interval: str, newest: int, limit: int) -> int:
        opened, oldest = opening(interval, newest), opening(interval, self.listed_since)
        for _ in range(limit - 1):
            if opened <= oldest:
                break
            opened = opening(interval, opened - 1)
        return opened

    def _opening_after(self, interval: str, first: int) -> int:
        opened = opening(interval, max(first, self.listed_since))
        return ending(interval, opened) if self.listed_since <= opened < first else opened

    def _candle(self, symbol: str, opened: int, ended: int) -> Candle:
        minutes = self._minutes[symbol]
        begin = max(opened, self.listed_since)
        end = min(ended - 1, self.start + self._ticks * TICK)
        numbers = range((begin - self._first_minute) // MINUTE, (end - self._first_minute) // MINUTE + 1)
        parts = [self._minute(minutes, number) for number in numbers]
        step = self.rules[symbol].step
        return Candle(
            opened=opened,
            ended=ended,
            open=self._price(symbol, parts[0].open),
            high=self._price(symbol, max(part.high for part in parts)),
            low=self._price(symbol, min(part.low for part in parts)),
            close=self._price(symbol, parts[-1].close),
            volume=Decimal(sum(part.volume for part in parts)).quantize(step),
        )

    @staticmethod
    def _minute(minutes: Minutes, number: int) -> Minute:
        if number < len(minutes.live):
            return minutes.minute(number)
        still = minutes.live[-1].close
        return Minute(still, still, still, still, 0.0)

    def _jump(self, symbol: str, level: float) -> None:
        self.walk.levels[symbol] = level
        self._record(symbol, self.start + self._ticks * TICK, level, 0.0)

    def _record(self, symbol: str, instant: int, level: float, traded: float) -> None:
        self._quoted_at[symbol] = instant
        self._minutes[symbol].add((instant - self._first_minute) // MINUTE, level, traded)

    def _price(self, symbol: str, level: float) -> Decimal:
        tick = self.rules[symbol].tick
        return (Decimal(math.exp(level)) / tick).quantize(Decimal(1), ROUND_HALF_EVEN) * tick
