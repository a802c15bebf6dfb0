"""Ledgers of plays that never ran: a good one, and the means to rewrite it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from demo.fact import EFFECT_LIMIT_MS
from demo.ledger import (
    Answered,
    Asked,
    BooksRead,
    ChainVerified,
    Changed,
    Delivered,
    Event,
    GateChanged,
    GateState,
    Judged,
    Ledger,
    LimitRead,
    MarketChanged,
    Note,
    Priced,
    Pulse,
    Record,
    RegimesRead,
    Seat,
    Sent,
    Tampered,
    Traded,
    Trail,
    Words,
)
from demo.market import FALLEN, Phase
from petrosa_contracts import (
    Breach,
    Code,
    Decision,
    DrawdownPhase,
    GovernanceStatus,
    Mode,
    RegimeStatus,
    Trend,
    Verdict,
    VolatilityPhase,
)

NOON = datetime(2026, 2, 25, 12, tzinfo=UTC)


BTC = "BTCUSDT"


class Play:
    """Writes a ledger by hand, one event every 10 ms."""

    def __init__(self) -> None:
        self.at = 0.0
        self.epoch = 1
        self.ledger = Ledger(clock=lambda: 0.0)

    def gate(self, state: GateState) -> None:
        self.record(GateChanged, state=state)

    def change(self, by: Seat = Seat.MODEL, **what: Any) -> None:
        self.epoch += 1
        words = Words(f"reason {self.epoch}", f"thought {self.epoch}")
        audit_id = f"record-{self.epoch}"
        self.record(Changed, by=by, words=words, audit_id=audit_id, epoch=self.epoch, enforced=True, **what)

    def pulse(self, status: GovernanceStatus) -> None:
        self.record(Pulse, status=status, mode="ACTIVE", epoch=self.epoch)

    def safe_mode(self) -> None:
        self.change(safe_seconds=3)
        self.order("in safe mode", strategy="steady", mode=Mode.SAFE)
        self.at += 4
        self.order("after safe mode", strategy="steady")

    def freeze(self) -> None:
        """Let prices freeze, and the gate be careful, closed and well again."""
        self.record(MarketChanged, phase=Phase.FROZEN)
        self.order("careful", strategy="steady", mode=Mode.CONSERVATIVE)
        self.order("frozen out", vetoed=Code.MARKET_STALE, measured=5.1, limit=5)
        self.order("exit while frozen", action="close", usd=0)
        self.pulse(GovernanceStatus.DEGRADED)
        self.record(MarketChanged, phase=Phase.CALM)
        self.pulse(GovernanceStatus.GOVERNANCE_ACTIVE)
        self.order("thawed", strategy="steady")

    def read_history(self) -> None:
        """Read a history that tells of each change as it was, newest first."""
        versions = count(1)
        records = [
            Record(
                change.audit_id or "", next(versions) if change.limit_usd is not None else None, change.by, change.words
            )
            for change in self.ledger.of(Changed)
        ]
        self.record(Trail, records=tuple(reversed(records)))

    def audit(self) -> None:
        """Verify, alter the record of an approval, and verify again."""
        judged = self.ledger.of(Judged)
        decisions = frozenset(each.verdict.decision_id for each in judged)
        whole = {"entries": len(judged), "signed_to": len(judged), "decisions": decisions}
        self.record(ChainVerified, holds=True, **whole)
        self.record(Tampered, entry=3, decision_id="decision-of-kept")
        self.record(ChainVerified, holds=False, bad_entry=3, bad_id="decision-of-kept", **(whole | {"entries": 2}))

    def order(
        self,
        name: str,
        *,
        action: str = "buy",
        strategy: str = "reckless",
        usd: float = 100.0,
        vetoed: Code | None = None,
        flaw: Code | None = None,
        **judged: Any,
    ) -> None:
        """Let an intent be sent, judged, delivered and filled; `judged` are further traits of its verdict."""
        sent = self.send(name, action=action, strategy=strategy, usd=usd, flaw=flaw, symbol=judged.get("symbol", BTC))
        named = {"action": action, "strategy": strategy, "vetoed": vetoed, "epoch": self.epoch}
        verdict = a_verdict(name, received_at=NOON + timedelta(seconds=self.at), **{**named, **judged})
        if vetoed is None:
            order = {"strategy_id": strategy, "symbol": verdict.symbol, "action": action}
            self.record(Delivered, decision_id=verdict.decision_id, **order)
            if action != "close":
                self.record(Traded, decision_id=verdict.decision_id, order_id=name)
        self.record(Judged, verdict=verdict)
        self.record(Answered, sent=sent, verdict=verdict, ms=1.5)

    def send(self, name: str, *, flaw: Code | None = None, usd: float = 100.0, **named: str) -> Sent:
        self.at += 0.01
        sent = Sent(
            at=self.at,
            number=len(self.ledger.events),
            signal_id=name,
            strategy_id=named.get("strategy", "steady"),
            symbol=named.get("symbol", BTC),
            action=named.get("action", "buy"),
            usd=usd,
            asks=True,
            flaw=flaw,
        )
        self.ledger.record(sent)
        return sent

    def record(self, kind: type[Event], **fields: Any) -> None:
        self.at += 0.01
        self.ledger.record(kind(at=self.at, **fields))


def a_verdict(
    name: str,
    *,
    action: str = "buy",
    strategy: str = "reckless",
    vetoed: Code | None = None,
    measured: object = None,
    limit: object = None,
    epoch: int = 1,
    mode: Mode = Mode.ACTIVE,
    symbol: str = BTC,
    received_at: datetime = NOON,
) -> Verdict:
    breach = Breach(
        code=vetoed or Code.OVERLOADED,
        gate="a_gate",
        measured=measured,
        limit=limit,
        unit="",
        scope=None,
        version=None,
        message="Something is too large.",
    )
    return Verdict(
        decision_id=f"decision-of-{name}",
        verdict=Decision.VETOED if vetoed else Decision.APPROVED,
        code=vetoed,
        message=breach.message,
        breaches=(breach,) if vetoed else (),
        mode=mode,
        epoch=epoch,
        strategy_id=strategy,
        symbol=symbol,
        action=action,
        signal_id=name,
        received_at=received_at,
        latency_ms=0.4,
    )


def a_regime(volatility: VolatilityPhase) -> RegimeStatus:
    return RegimeStatus.of_phases(
        symbol=None,
        volatility=volatility,
        trend=Trend.SIDEWAYS,
        drawdown=DrawdownPhase.SHALLOW,
        confidence=1.0,
        as_of=NOON,
    )


def a_good_play() -> Ledger:
    """Return what is observed when everything goes as the demo claims."""
    play = Play()
    play.pulse(GovernanceStatus.GOVERNANCE_ACTIVE)
    play.gate(GateState.READY)
    play.record(RegimesRead, regimes={BTC: a_regime(VolatilityPhase.NORMAL), FALLEN: a_regime(VolatilityPhase.EXTREME)})
    play.record(Priced, prices={BTC: 64_000.0})
    regime = Code.REGIME_ENTRY
    play.order("dip", symbol=FALLEN, vetoed=regime, flaw=regime, measured=VolatilityPhase.EXTREME)
    play.order("out of the dip", symbol=FALLEN, action="close", usd=0)
    play.order("kept", strategy="steady")
    play.order("large before", usd=900)
    play.order("far too large", usd=9000, vetoed=Code.ORDER_NOTIONAL_MAX, flaw=Code.ORDER_NOTIONAL_MAX)
    play.order("also too large", usd=2000, vetoed=Code.ORDER_NOTIONAL_MAX, flaw=Code.ORDER_NOTIONAL_MAX)
    play.order("percent", strategy="confused", vetoed=Code.STOP_INVALID, flaw=Code.STOP_INVALID)
    play.order("early exit", strategy="steady", action="close", usd=0)
    play.record(MarketChanged, phase=Phase.CRASH)
    play.order("phantom", usd=200, vetoed=Code.PRICE_PHANTOM, flaw=Code.PRICE_PHANTOM, measured=13.6, limit=0.1)
    play.order("live", usd=200)
    play.at += 2
    play.record(LimitRead, by=Seat.MODEL, usd=1000.0)
    play.change(limit_usd=300.0)
    play.record(Note, text="model: patch_config global max_position_size_usd=300")
    play.order("large after", usd=900, vetoed=Code.ORDER_NOTIONAL_MAX)
    play.change(halted="reckless")
    play.order("while halted", vetoed=Code.HALT_ACTIVE)
    play.order("exit while halted", action="close", usd=0)
    play.gate(GateState.KILLED)
    unheard = play.send("unheard")
    play.record(Answered, sent=unheard, verdict=None, ms=1.0)
    play.gate(GateState.LAUNCHED)
    play.gate(GateState.READY)
    duplicate = Code.INTENT_DUPLICATE
    play.order("kept", strategy="steady", vetoed=duplicate, limit="decision-of-kept", flaw=duplicate)
    play.change(Seat.OPERATOR, resumed="reckless")
    play.order("resumed")
    play.at += 2
    play.freeze()
    play.at += 2
    play.record(Asked, limit_usd=1000.0, proposal_id="proposal-1")
    play.order("large while waiting", usd=900, vetoed=Code.ORDER_NOTIONAL_MAX)
    play.change(Seat.OPERATOR, limit_usd=1000.0)
    play.record(LimitRead, by=Seat.OPERATOR, usd=1000.0)
    play.order("large again", usd=900)
    play.safe_mode()
    play.order("into the loss", vetoed=Code.DAILY_LOSS, measured=0.06, limit=0.05)
    play.order("out of the loss", action="close", usd=0)
    play.read_history()
    open_now = {(BTC, "LONG"): Decimal("0.25")}
    play.record(BooksRead, exchange=open_now, portfolio=dict(open_now), differences=())
    play.audit()
    return play.ledger


def change(ledger: Ledger, kind: type[Event], where: Callable[[Any], bool], **fields: Any) -> None:
    """Rewrite the one event of a kind for which `where` holds."""
    (index,) = [i for i, event in enumerate(ledger.events) if isinstance(event, kind) and where(event)]
    ledger.events[index] = replace(ledger.events[index], **fields)


def drop(ledger: Ledger, kind: type[Event], where: Callable[[Any], bool]) -> None:
    """Forget the one event of a kind for which `where` holds."""
    (found,) = [event for event in ledger.events if isinstance(event, kind) and where(event)]
    ledger.events.remove(found)


def add_after(ledger: Ledger, state: GateState, event: Event) -> None:
    """Slip in an event right after the gate entered a state for the first time."""
    places = (i for i, each in enumerate(ledger.events) if isinstance(each, GateChanged) and each.state is state)
    ledger.events.insert(next(places) + 1, event)


def delivery(decision: str, *, at: float = 99.0, strategy: str = "steady", action: str = "buy") -> Delivered:
    return Delivered(at=at, decision_id=decision, strategy_id=strategy, symbol="BTCUSDT", action=action)


def phase(wanted: Phase) -> Callable[[Any], bool]:
    """Match the market's change to a phase."""
    return lambda event: event.phase is wanted


def of(name: str) -> Callable[[Any], bool]:
    """Match the event that belongs to the intent called `name`."""

    def matches(event: Any) -> bool:
        match event:
            case Sent():
                return event.signal_id == name
            case Answered():
                return event.sent.signal_id == name
            case Judged():
                return event.verdict.signal_id == name
            case Delivered() | Traded():
                return event.decision_id == f"decision-of-{name}"
            case _:
                return False

    return matches


def anything(event: Any) -> bool:
    return True


def is_tightening(event: Changed) -> bool:
    return event.limit_usd == 300.0


def is_restoration(event: Changed) -> bool:
    return event.limit_usd == 1000.0


def is_safe_mode(event: Changed) -> bool:
    return event.safe_seconds is not None


def is_resumption(event: Changed) -> bool:
    return event.resumed is not None


def too_long_before(ledger: Ledger, name: str) -> float:
    """Return when a change would have been asked for that took too long to be met by the order called `name`."""
    (judged,) = [judged for judged in ledger.of(Judged) if of(name)(judged)]
    return judged.at - EFFECT_LIMIT_MS / 1000 - 0.001


def add_between(ledger: Ledger, name: str, verdict: Verdict) -> None:
    """Slip in a large order and its verdict while the proposal waits."""
    large = next(sent for sent in ledger.of(Sent) if sent.signal_id == "large while waiting")
    ledger.record(replace(large, signal_id=name))
    ledger.record(Judged(at=large.at + 0.001, verdict=verdict))


def rewrite(ledger: Ledger, edit: Callable[[tuple[Record, ...]], tuple[Record, ...]]) -> None:
    """Rewrite the history that was read."""
    (trail,) = ledger.of(Trail)
    change(ledger, Trail, anything, records=edit(trail.records))


def approve(ledger: Ledger, name: str) -> None:
    """Rewrite a veto as an approval under the same epoch."""
    (judged,) = [judged for judged in ledger.of(Judged) if of(name)(judged)]
    old = judged.verdict
    approval = old.model_copy(update={"verdict": Decision.APPROVED, "code": None, "breaches": ()})
    change(ledger, Judged, of(name), verdict=approval)
    change(ledger, Answered, of(name), verdict=approval)
