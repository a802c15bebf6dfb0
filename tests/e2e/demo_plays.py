"""Ledgers of plays that never ran: a good one, and ways to spoil it so that one of the demo's facts turns false."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from demo.facts import (
    EFFECT_LIMIT_MS,
    approvals_arrived,
    duplicate_refused,
    exits_passed,
    halt_held,
    mistakes_refused,
    nothing_during_outage,
    nothing_unapproved,
    requests_answered,
    tightening_held,
)
from demo.ledger import (
    Answered,
    Changed,
    Delivered,
    Event,
    GateChanged,
    GateState,
    Judged,
    Ledger,
    Note,
    Priced,
    Pulse,
    Sent,
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

    def change(self, **what: Any) -> None:
        self.epoch += 1
        self.record(Changed, epoch=self.epoch, **what)

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
    play.change(limit_usd=300.0)
    play.record(Note, text="cio-policy set global max_position_size_usd=300")
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


def approve(ledger: Ledger, name: str) -> None:
    """Rewrite a veto as an approval under the same epoch."""
    (judged,) = [judged for judged in ledger.of(Judged) if of(name)(judged)]
    old = judged.verdict
    approval = old.model_copy(update={"verdict": Decision.APPROVED, "code": None, "breaches": ()})
    change(ledger, Judged, of(name), verdict=approval)
    change(ledger, Answered, of(name), verdict=approval)


def a_signal_nobody_approved(ledger: Ledger) -> None:
    ledger.record(delivery("decision-of-nobody"))


def a_signal_without_a_decision(ledger: Ledger) -> None:
    change(ledger, Delivered, of("kept"), decision_id=None)


def a_signal_that_came_twice(ledger: Ledger) -> None:
    ledger.record(delivery("decision-of-kept"))


def a_signal_that_is_not_what_was_approved(ledger: Ledger) -> None:
    change(ledger, Delivered, of("kept"), action="sell")


def a_signal_that_was_vetoed(ledger: Ledger) -> None:
    ledger.record(delivery("decision-of-percent", strategy="confused"))


def an_approval_that_never_arrived(ledger: Ledger) -> None:
    drop(ledger, Delivered, of("kept"))


def a_request_without_an_answer(ledger: Ledger) -> None:
    change(ledger, Answered, of("large before"), verdict=None)


def a_request_that_still_waits(ledger: Ledger) -> None:
    drop(ledger, Answered, of("large before"))


def a_mistake_that_passed(ledger: Ledger) -> None:
    approve(ledger, "also too large")


def a_mistake_refused_for_something_else(ledger: Ledger) -> None:
    change(ledger, Answered, of("percent"), verdict=a_verdict("percent", vetoed=Code.CONFIDENCE_LOW))


def a_kind_of_mistake_that_was_never_made(ledger: Ledger) -> None:
    change(ledger, Answered, of("percent"), verdict=None)


def an_exit_that_was_vetoed(ledger: Ledger) -> None:
    change(ledger, Judged, of("early exit"), verdict=a_verdict("early exit", vetoed=Code.HALT_ACTIVE))


def an_exit_that_did_not_arrive(ledger: Ledger) -> None:
    drop(ledger, Delivered, of("early exit"))


def a_tightening_that_took_too_long(ledger: Ledger) -> None:
    (judged,) = [judged for judged in ledger.of(Judged) if of("large after")(judged)]
    change(ledger, Changed, lambda event: event.limit_usd, at=judged.at - EFFECT_LIMIT_MS / 1000 - 0.001)


def a_large_order_approved_after_the_tightening(ledger: Ledger) -> None:
    large = next(sent for sent in ledger.of(Sent) if sent.signal_id == "large before")
    add_after(ledger, GateState.KILLED, replace(large, signal_id="larger", usd=300.01))
    ledger.record(Judged(at=99.0, verdict=a_verdict("larger")))


def a_large_order_refused_before_the_tightening_too(ledger: Ledger) -> None:
    change(ledger, Judged, of("large before"), verdict=a_verdict("large before", vetoed=Code.ORDER_NOTIONAL_MAX))


def a_large_order_refused_for_something_else(ledger: Ledger) -> None:
    change(ledger, Judged, of("large after"), verdict=a_verdict("large after", vetoed=Code.CONFIDENCE_LOW, epoch=2))


def a_large_order_approved_only_after_the_write(ledger: Ledger) -> None:
    (written,) = [event.at for event in ledger.of(Changed) if event.limit_usd]
    change(ledger, Judged, of("large before"), at=written + 0.001)


def an_operator_who_never_tightened(ledger: Ledger) -> None:
    drop(ledger, Changed, lambda event: event.limit_usd)


def an_opening_by_the_halted_strategy(ledger: Ledger) -> None:
    ledger.record(delivery("decision-of-late", strategy="reckless", action="sell"))


def a_halted_strategy_that_never_tried(ledger: Ledger) -> None:
    other = a_verdict("while halted", vetoed=Code.CONFIDENCE_LOW, epoch=3)
    change(ledger, Judged, of("while halted"), verdict=other)


def a_halted_strategy_that_could_not_get_out(ledger: Ledger) -> None:
    drop(ledger, Delivered, of("exit while halted"))


def a_halt_that_took_too_long(ledger: Ledger) -> None:
    (judged,) = [judged for judged in ledger.of(Judged) if of("while halted")(judged)]
    change(ledger, Changed, lambda event: event.halted, at=judged.at - EFFECT_LIMIT_MS / 1000 - 0.001)


def an_operator_who_never_halted(ledger: Ledger) -> None:
    drop(ledger, Changed, lambda event: event.halted)


def an_answer_without_a_gate(ledger: Ledger) -> None:
    change(ledger, Answered, of("unheard"), verdict=a_verdict("unheard"))


def a_signal_without_a_gate(ledger: Ledger) -> None:
    add_after(ledger, GateState.KILLED, delivery("decision-of-unheard"))


def an_outage_that_nobody_noticed(ledger: Ledger) -> None:
    drop(ledger, Sent, of("unheard"))


def a_duplicate_that_passed_after_the_restart(ledger: Ledger) -> None:
    change(ledger, Answered, lambda event: of("kept")(event) and event.sent.flaw, verdict=a_verdict("kept"))


def a_duplicate_that_names_another_approval(ledger: Ledger) -> None:
    other = a_verdict("kept", vetoed=Code.INTENT_DUPLICATE, limit="decision-of-another")
    change(ledger, Answered, lambda event: of("kept")(event) and event.sent.flaw, verdict=other)


def a_duplicate_of_what_was_approved_after_the_kill(ledger: Ledger) -> None:
    (killed,) = [event.at for event in ledger.of(GateChanged) if event.state is GateState.KILLED]
    change(ledger, Judged, lambda event: of("kept")(event) and event.verdict.approved, at=killed + 0.001)


def a_duplicate_that_was_never_sent(ledger: Ledger) -> None:
    drop(ledger, Answered, lambda event: of("kept")(event) and event.sent.flaw)


VIOLATIONS = [
    (nothing_unapproved, a_signal_nobody_approved),
    (nothing_unapproved, a_signal_without_a_decision),
    (nothing_unapproved, a_signal_that_came_twice),
    (nothing_unapproved, a_signal_that_is_not_what_was_approved),
    (nothing_unapproved, a_signal_that_was_vetoed),
    (approvals_arrived, an_approval_that_never_arrived),
    (requests_answered, a_request_without_an_answer),
    (requests_answered, a_request_that_still_waits),
    (mistakes_refused, a_mistake_that_passed),
    (mistakes_refused, a_mistake_refused_for_something_else),
    (mistakes_refused, a_kind_of_mistake_that_was_never_made),
    (exits_passed, an_exit_that_was_vetoed),
    (exits_passed, an_exit_that_did_not_arrive),
    (tightening_held, a_tightening_that_took_too_long),
    (tightening_held, a_large_order_approved_after_the_tightening),
    (tightening_held, a_large_order_refused_before_the_tightening_too),
    (tightening_held, a_large_order_refused_for_something_else),
    (tightening_held, a_large_order_approved_only_after_the_write),
    (tightening_held, an_operator_who_never_tightened),
    (halt_held, an_opening_by_the_halted_strategy),
    (halt_held, a_halted_strategy_that_never_tried),
    (halt_held, a_halted_strategy_that_could_not_get_out),
    (halt_held, a_halt_that_took_too_long),
    (halt_held, an_operator_who_never_halted),
    (nothing_during_outage, an_answer_without_a_gate),
    (nothing_during_outage, a_signal_without_a_gate),
    (nothing_during_outage, an_outage_that_nobody_noticed),
    (duplicate_refused, a_duplicate_that_passed_after_the_restart),
    (duplicate_refused, a_duplicate_that_names_another_approval),
    (duplicate_refused, a_duplicate_of_what_was_approved_after_the_kill),
    (duplicate_refused, a_duplicate_that_was_never_sent),
]
