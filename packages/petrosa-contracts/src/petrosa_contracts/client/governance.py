"""What a bot knows of its governance, and whether it is in fail-safe mode. No clock, no I/O: every time is given."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from enum import StrEnum

from petrosa_contracts.control import Mode, strictest
from petrosa_contracts.failsafe import FailSafeLimits
from petrosa_contracts.heartbeat import GovernanceHeartbeat, GovernanceStatus
from petrosa_contracts.verdict import Verdict

KNOWN_SECONDS = 86_400.0
"""How long an approval makes its symbol a known one."""

CAPACITY = 1_000
"""How many symbols, and pairs of strategy and symbol, are remembered."""

ENTRIES = frozenset({"buy", "sell"})
"""Actions that open or add."""


class BotMode(StrEnum):
    """Whether the bot counts on the gate."""

    NORMAL = "NORMAL"
    FAIL_SAFE = "FAIL_SAFE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known at one moment, as far as it matters for an intent of one strategy on one symbol."""

    mode: Mode | None
    """Strictest mode last heard; None if no heartbeat was ever heard."""
    epoch: int | None
    """Policy epoch of the last heartbeat."""
    heartbeat_age: float | None
    """Seconds since the gate made the last heartbeat; None if there was none."""
    approved_lately: bool
    """Whether the last answer about an entry was an approval and is not older than `KNOWN_SECONDS`."""
    entered: bool
    """Whether this bot entered the symbol, for any strategy, since fail-safe mode began.

    Forgotten with the gate's first answer after the mode has ended.
    """


class Governance:
    """Takes what the bot hears and turns it into the mode and into `Knowledge`.

    Fail-safe mode begins with the bot, with every missing answer and with a stale heartbeat. It ends with
    `recovery_threshold` consecutive heartbeats that say GOVERNANCE_ACTIVE. `now` is in seconds of one monotonic clock.
    """

    def __init__(self, limits: FailSafeLimits) -> None:
        self._limits = limits
        self._mode = BotMode.FAIL_SAFE
        self._reason = "no heartbeat was heard yet"
        self._heartbeat: GovernanceHeartbeat | None = None
        self._made_at = 0.0
        self._healthy = 0
        self._approved: dict[tuple[str, str], float] = {}
        self._frozen: dict[tuple[str, str], float] = {}
        self._entered: set[str] = set()

    def mode(self, now: float) -> BotMode:
        """Return the mode at `now`."""
        self._notice_staleness(now)
        return self._mode

    @property
    def reason(self) -> str:
        """Why fail-safe mode was entered last."""
        return self._reason

    def heard(self, heartbeat: GovernanceHeartbeat, *, age_on_arrival: float, now: float) -> None:
        """Take a heartbeat that was made `age_on_arrival` seconds (0 or more) before it came."""
        self._notice_staleness(now)
        limit = self._limits.heartbeat_timeout_seconds
        in_sequence = self._heartbeat is not None and now - self._made_at <= limit
        self._heartbeat = heartbeat
        self._made_at = now - age_on_arrival
        if heartbeat.status is not GovernanceStatus.GOVERNANCE_ACTIVE or age_on_arrival > limit:
            self._healthy = 0
            return
        self._healthy = self._healthy + 1 if in_sequence else 1
        if self._mode is BotMode.FAIL_SAFE and self._healthy >= self._limits.recovery_threshold:
            self._mode = BotMode.NORMAL

    def heard_unreadable(self) -> None:
        """Take a message on the heartbeat subject that is no heartbeat: the count towards recovery begins again."""
        self._healthy = 0

    def answered(self, verdict: Verdict, *, strategy_id: str, symbol: str, action: str, now: float) -> None:
        """Take the gate's own answer to an intent."""
        self._notice_staleness(now)
        if self._mode is BotMode.NORMAL:
            # Not when the mode ends: a gate that beats but never answers would let a symbol be entered at every turn.
            self._entered.clear()
        pair = (strategy_id, symbol)
        self._frozen.pop(pair, None)
        if verdict.mode is Mode.FROZEN:
            _remember(self._frozen, pair, now)
        if verdict.mode.only_reduces and not verdict.approved:
            # Whichever scope was halted, it is the strategy's or the symbol's: neither may go on under other pairs.
            self._approved = {
                other: at for other, at in self._approved.items() if other[0] != strategy_id and other[1] != symbol
            }
        if action not in ENTRIES:
            return
        self._approved.pop(pair, None)
        if verdict.approved:
            _remember(self._approved, pair, now)
            self.entered(symbol)

    def unanswered(self, reason: str, *, now: float) -> None:
        """Take that an intent was not answered in time."""
        self._notice_staleness(now)
        self._healthy = 0
        self._enter(reason)

    def entered(self, symbol: str) -> None:
        """Take that an entry on the symbol goes ahead; it counts against further ones in fail-safe mode."""
        if self._mode is BotMode.FAIL_SAFE and len(self._entered) < CAPACITY:
            self._entered.add(symbol)

    def knowledge(self, *, strategy_id: str, symbol: str, now: float) -> Knowledge:
        """Return what is known at `now`."""
        pair = (strategy_id, symbol)
        approved_at = self._approved.get(pair)
        heartbeat = self._heartbeat
        mode = None if heartbeat is None else _mode_of(heartbeat)
        return Knowledge(
            mode=Mode.FROZEN if pair in self._frozen else mode,
            epoch=None if heartbeat is None else heartbeat.epoch,
            heartbeat_age=None if heartbeat is None else now - self._made_at,
            approved_lately=approved_at is not None and now - approved_at <= KNOWN_SECONDS,
            entered=symbol in self._entered or len(self._entered) >= CAPACITY,
        )

    def _notice_staleness(self, now: float) -> None:
        if self._heartbeat is None or now - self._made_at <= self._limits.heartbeat_timeout_seconds:
            return
        self._healthy = 0
        self._enter(f"no heartbeat for {self._limits.heartbeat_timeout_seconds:g} seconds")

    def _enter(self, reason: str) -> None:
        if self._mode is BotMode.NORMAL:
            self._mode = BotMode.FAIL_SAFE
            self._reason = reason


def mode_named(name: object) -> Mode:
    """Return the mode of that name; HALTED for one from a later version, since the unknown never means allowed."""
    try:
        return Mode(name)
    except ValueError:
        return Mode.HALTED


def _mode_of(heartbeat: GovernanceHeartbeat) -> Mode:
    return strictest(mode_named(heartbeat.mode), _BY_STATUS[heartbeat.status])


def _remember(store: MutableMapping[tuple[str, str], float], pair: tuple[str, str], now: float) -> None:
    store[pair] = now
    if len(store) > CAPACITY:
        del store[next(iter(store))]


_BY_STATUS = {
    GovernanceStatus.GOVERNANCE_ACTIVE: Mode.ACTIVE,
    GovernanceStatus.DEGRADED: Mode.ACTIVE,
    GovernanceStatus.HALTED: Mode.HALTED,
    GovernanceStatus.FROZEN: Mode.FROZEN,
}
