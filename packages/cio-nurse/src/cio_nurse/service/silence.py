"""Silence: what looks healthy and lets nothing through.

Each class here notices one kind from what the gate hears anyway. `problem` is a sentence while it lasts, and empty
otherwise; `ended` is the sentence on how it last ended. Seconds are those of a clock that never jumps.
"""

from collections import Counter, OrderedDict

from petrosa_contracts import Verdict

SETTLED_SECONDS = 2.0
"""How long after a signal left the server may still report that nobody took it."""

DEAF_SECONDS = 60.0
"""How long an engine may take to tell of an order; the fleet's tells within a second."""

DEAF_ORDERS = 3
"""Orders in a row that an engine has to leave without a word to count as deaf."""

REMEMBERED = 10_000
"""How many signals are remembered; of more, the oldest are forgotten."""

_ENTRIES = frozenset({"buy", "sell"})
_NO_ENTRIES = frozenset({"close", "hold"})


class NothingApproved:
    """Entries arrive, at least `entries` of them for at least `seconds`, and every one is vetoed.

    Whatever the reason: a halt counts too, because whoever set it may have forgotten it. What cannot be read counts as
    an entry. It ends with an approval, or when none has arrived for `seconds`.
    """

    name = "nothing_approved"

    def __init__(self, *, seconds: float, entries: int) -> None:
        self._seconds = seconds
        self._entries = entries
        self._codes: Counter[str] = Counter()
        self._first = 0.0
        self._last = 0.0
        self.ended = ""

    def decided(self, verdict: Verdict, now: float) -> None:
        """Note a verdict."""
        if verdict.action in _NO_ENTRIES:
            return
        if verdict.code is None:
            self._begin_anew("an entry was approved")
            return
        self._forget_what_is_over(now)
        if not self._codes:
            self._first = now
        self._codes[verdict.code] += 1
        self._last = now

    def problem(self, now: float) -> str:
        """Return what is wrong."""
        self._forget_what_is_over(now)
        arrived, since = self._codes.total(), now - self._first
        if arrived < self._entries or since < self._seconds:
            return ""
        ((code, _),) = self._codes.most_common(1)
        return f"no entry was approved for {since:.0f} seconds though {arrived} arrived, most of them vetoed {code}"

    def _forget_what_is_over(self, now: float) -> None:
        if self._codes and now - self._last > self._seconds:
            self._begin_anew(f"no entry arrived for {self._seconds:g} seconds")

    def _begin_anew(self, why: str) -> None:
        self._codes.clear()
        self.ended = why


class NoConsumer:
    """The server reports that nobody is subscribed to take a signal.

    It ends when a later signal was taken, which is when nothing was reported of it, or when none has left for
    `quiet_seconds`: then nothing is known any more.
    """

    name = "no_consumer"

    def __init__(self, *, quiet_seconds: float) -> None:
        self._quiet_seconds = quiet_seconds
        self._left: OrderedDict[str, float] = OrderedDict()
        self._last_left = 0.0
        self._missing = False
        self.ended = ""

    def left(self, decision_id: str, now: float) -> None:
        """Note that a signal has left."""
        _remember(self._left, decision_id, now)
        self._last_left = now

    def undelivered(self, decision_id: str) -> None:
        """Note that nobody took one; nor, then, those that left before it."""
        self._missing = True
        _forget_up_to(self._left, decision_id)

    def problem(self, now: float) -> str:
        """Return what is wrong."""
        while self._left and now - next(iter(self._left.values())) > SETTLED_SECONDS:
            self._left.popitem(last=False)
            self._end("a signal was taken")
        if now - self._last_left > self._quiet_seconds:
            self._end(
                f"no signal has left for {self._quiet_seconds:g} seconds; whether one would be taken is not known"
            )
        return "approved signals reach no consumer" if self._missing else ""

    def _end(self, why: str) -> None:
        if self._missing:
            self._missing, self.ended = False, why


class DeafEngine:
    """Signals are taken, and the engine says nothing of the orders any more, neither in a reply nor in an event.

    Only an engine that has told of an order of this gate in an event is judged: not every generation does. Entries
    alone count. It ends when the engine tells of one, or when none has left for `quiet_seconds`.
    """

    name = "engine_silent"

    def __init__(self, *, quiet_seconds: float) -> None:
        self._quiet_seconds = quiet_seconds
        self._untold: OrderedDict[str, float] = OrderedDict()
        self._tells_events = False
        self._last_left = 0.0
        self._deaf = False
        self.ended = ""

    def left(self, decision_id: str, now: float) -> None:
        """Note that an entry has left."""
        _remember(self._untold, decision_id, now)
        self._last_left = now

    def undelivered(self, decision_id: str) -> None:
        """Note that nobody took one, of which nothing can be told then."""
        self._untold.pop(decision_id, None)

    def told(self, decision_id: str, *, by_event: bool) -> None:
        """Note that the engine told of a decision. Those before it do not count any more: it hears."""
        if decision_id not in self._untold:
            return
        self._tells_events |= by_event
        _forget_up_to(self._untold, decision_id)
        self._end("the engine tells of orders again")

    def problem(self, now: float) -> str:
        """Return what is wrong."""
        if self._untold and now - self._last_left > self._quiet_seconds:
            self._untold.clear()
            self._end(f"no entry has left for {self._quiet_seconds:g} seconds; whether it hears is not known")
        overdue = _older_than(DEAF_SECONDS, self._untold, now, at_most=DEAF_ORDERS)
        self._deaf = self._deaf or (self._tells_events and overdue >= DEAF_ORDERS)
        return "the engine has stopped telling what becomes of approved signals" if self._deaf else ""

    def _end(self, why: str) -> None:
        if self._deaf:
            self._deaf, self.ended = False, why


def is_entry(verdict: Verdict) -> bool:
    """Whether a verdict is about an order to buy or sell."""
    return verdict.action in _ENTRIES


def _remember(signals: OrderedDict[str, float], decision_id: str, now: float) -> None:
    signals[decision_id] = now
    if len(signals) > REMEMBERED:
        signals.popitem(last=False)


def _forget_up_to(signals: OrderedDict[str, float], decision_id: str) -> None:
    if decision_id in signals:
        while signals.popitem(last=False)[0] != decision_id:
            pass


def _older_than(seconds: float, signals: OrderedDict[str, float], now: float, *, at_most: int) -> int:
    """Return how many left longer ago; they are in the order in which they left."""
    found = 0
    for left in signals.values():
        if found == at_most or now - left < seconds:
            break
        found += 1
    return found
