"""Ledgers of plays that never ran: a good one, and the means to rewrite it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from demo.fact import EFFECT_LIMIT_MS
from demo.ledger import (
    Answered,
    Asked,
    Changed,
    Delivered,
    Event,
    GateChanged,
    GateState,
    Judged,
    Ledger,
    LimitRead,
    Note,
    Priced,
    Pulse,
    Record,
    Seat,
    Sent,
    Trail,
    Words,
)
from petrosa_contracts import Breach, Code, Decision, Mode, Verdict


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

    def order(
        self,
        name: str,
        *,
        action: str = "buy",
        strategy: str = "reckless",
        usd: float = 100.0,
        vetoed: Code | None = None,
        limit: str | None = None,
        flaw: Code | None = None,
    ) -> None:
        verdict = a_verdict(name, action=action, strategy=strategy, vetoed=vetoed, limit=limit, epoch=self.epoch)
        sent = self.send(name, action=action, strategy=strategy, usd=usd, flaw=flaw)
        if vetoed is None:
            self.record(
                Delivered, decision_id=verdict.decision_id, strategy_id=strategy, symbol="BTCUSDT", action=action
            )
        self.record(Judged, verdict=verdict)
        self.record(Answered, sent=sent, verdict=verdict, ms=1.5)

    def send(self, name: str, *, flaw: Code | None = None, usd: float = 100.0, **named: str) -> Sent:
        self.at += 0.01
        sent = Sent(
            at=self.at,
            number=len(self.ledger.events),
            signal_id=name,
            strategy_id=named.get("strategy", "steady"),
            symbol="BTCUSDT",
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
    limit: str | None = None,
    epoch: int = 1,
) -> Verdict:
    breach = Breach(
        code=vetoed or Code.OVERLOADED,
        gate="a_gate",
        measured=None,
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
        mode=Mode.ACTIVE,
        epoch=epoch,
        strategy_id=strategy,
        symbol="BTCUSDT",
        action=action,
        signal_id=name,
        received_at=datetime(2026, 2, 25, 12, tzinfo=UTC),
        latency_ms=0.4,
    )


def a_good_play() -> Ledger:
    """Return what is observed when everything goes as the demo claims."""
    play = Play()
    play.record(Pulse, mode="ACTIVE", epoch=1)
    play.gate(GateState.READY)
    play.record(Priced, prices={"BTCUSDT": 64_000.0})
    play.order("kept", strategy="steady")
    play.order("large before", usd=900)
    play.order("far too large", usd=9000, vetoed=Code.ORDER_NOTIONAL_MAX, flaw=Code.ORDER_NOTIONAL_MAX)
    play.order("also too large", usd=2000, vetoed=Code.ORDER_NOTIONAL_MAX, flaw=Code.ORDER_NOTIONAL_MAX)
    play.order("percent", strategy="confused", vetoed=Code.STOP_INVALID, flaw=Code.STOP_INVALID)
    play.order("early exit", strategy="steady", action="close", usd=0)
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
    play.record(Asked, limit_usd=1000.0, proposal_id="proposal-1")
    play.order("large while waiting", usd=900, vetoed=Code.ORDER_NOTIONAL_MAX)
    play.change(Seat.OPERATOR, limit_usd=1000.0)
    play.record(LimitRead, by=Seat.OPERATOR, usd=1000.0)
    play.order("large again", usd=900)
    play.read_history()
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
            case Delivered():
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
