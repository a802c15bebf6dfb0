"""Ways to spoil a good play so that one of the demo's facts turns false."""

from dataclasses import replace

from demo.gate_facts import (
    approvals_arrived,
    duplicate_refused,
    exits_passed,
    mistakes_refused,
    nothing_during_outage,
    nothing_unapproved,
    requests_answered,
)
from demo.ledger import (
    Answered,
    Asked,
    Changed,
    Delivered,
    GateChanged,
    GateState,
    Judged,
    Ledger,
    LimitRead,
    Record,
    Seat,
    Sent,
    Trail,
    Words,
)
from demo.policy_facts import (
    all_enforced,
    halt_held,
    history_explains,
    loosening_waited,
    roll_back_restored,
    safe_mode_held,
    tightening_held,
)
from petrosa_contracts import Code, Mode
from tests.e2e.demo_plays import (
    a_verdict,
    add_after,
    add_between,
    anything,
    approve,
    change,
    delivery,
    drop,
    is_restoration,
    is_resumption,
    is_safe_mode,
    is_tightening,
    of,
    rewrite,
    too_long_before,
)


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
    change(ledger, Changed, is_tightening, at=too_long_before(ledger, "large after"))


def a_large_order_approved_after_the_tightening(ledger: Ledger) -> None:
    large = next(sent for sent in ledger.of(Sent) if sent.signal_id == "large before")
    add_after(ledger, GateState.KILLED, replace(large, signal_id="larger", usd=300.01))
    (restored,) = [event.at for event in ledger.of(Changed) if is_restoration(event)]
    ledger.record(Judged(at=restored - 0.001, verdict=a_verdict("larger")))


def a_large_order_refused_before_the_tightening_too(ledger: Ledger) -> None:
    change(ledger, Judged, of("large before"), verdict=a_verdict("large before", vetoed=Code.ORDER_NOTIONAL_MAX))


def a_large_order_refused_for_something_else(ledger: Ledger) -> None:
    for name in ("large after", "large while waiting"):
        change(ledger, Judged, of(name), verdict=a_verdict(name, vetoed=Code.CONFIDENCE_LOW, epoch=2))


def a_large_order_approved_only_after_the_write(ledger: Ledger) -> None:
    (written,) = [event.at for event in ledger.of(Changed) if is_tightening(event)]
    change(ledger, Judged, of("large before"), at=written + 0.001)


def a_model_that_never_tightened(ledger: Ledger) -> None:
    drop(ledger, Changed, is_tightening)


def an_operator_who_had_to_tighten(ledger: Ledger) -> None:
    change(ledger, Changed, is_tightening, by=Seat.OPERATOR)


def an_opening_by_the_halted_strategy(ledger: Ledger) -> None:
    (resumed,) = [event.at for event in ledger.of(Changed) if is_resumption(event)]
    ledger.record(delivery("decision-of-late", at=resumed - 0.001, strategy="reckless", action="sell"))


def a_halted_strategy_that_never_tried(ledger: Ledger) -> None:
    other = a_verdict("while halted", vetoed=Code.CONFIDENCE_LOW, epoch=3)
    change(ledger, Judged, of("while halted"), verdict=other)


def a_halted_strategy_that_could_not_get_out(ledger: Ledger) -> None:
    drop(ledger, Delivered, of("exit while halted"))


def a_halt_that_took_too_long(ledger: Ledger) -> None:
    change(ledger, Changed, lambda event: event.halted, at=too_long_before(ledger, "while halted"))


def a_model_that_never_halted(ledger: Ledger) -> None:
    drop(ledger, Changed, lambda event: event.halted)


def a_halt_that_nobody_lifted(ledger: Ledger) -> None:
    drop(ledger, Changed, is_resumption)


def a_halt_that_the_model_lifted(ledger: Ledger) -> None:
    change(ledger, Changed, is_resumption, by=Seat.MODEL)


def a_resumed_strategy_that_never_opened(ledger: Ledger) -> None:
    drop(ledger, Delivered, of("resumed"))
    drop(ledger, Delivered, of("large again"))


def a_model_that_never_played_safe(ledger: Ledger) -> None:
    drop(ledger, Changed, is_safe_mode)


def a_safe_mode_that_took_too_long(ledger: Ledger) -> None:
    change(ledger, Changed, is_safe_mode, at=too_long_before(ledger, "in safe mode"))


def a_safe_mode_that_did_not_hold(ledger: Ledger) -> None:
    change(ledger, Judged, of("in safe mode"), verdict=a_verdict("in safe mode", epoch=6))


def a_safe_mode_that_did_not_end(ledger: Ledger) -> None:
    change(ledger, Judged, of("after safe mode"), verdict=a_verdict("after safe mode", epoch=6, mode=Mode.SAFE))


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


def a_loosening_that_did_not_have_to_wait(ledger: Ledger) -> None:
    change(ledger, Asked, anything, proposal_id=None)


def a_model_that_never_asked(ledger: Ledger) -> None:
    drop(ledger, Asked, anything)


def a_loosening_that_no_order_tried(ledger: Ledger) -> None:
    change(ledger, Judged, of("large while waiting"), verdict=a_verdict("large while waiting", vetoed=Code.HALT_ACTIVE))


def a_large_order_approved_while_the_proposal_waited(ledger: Ledger) -> None:
    add_between(ledger, "larger still", a_verdict("larger still", epoch=4))


def a_policy_that_moved_while_the_proposal_waited(ledger: Ledger) -> None:
    add_between(ledger, "larger still", a_verdict("larger still", vetoed=Code.ORDER_NOTIONAL_MAX, epoch=5))


def a_loosening_that_the_model_did_itself(ledger: Ledger) -> None:
    change(ledger, Changed, is_restoration, by=Seat.MODEL)


def a_roll_back_that_took_too_long(ledger: Ledger) -> None:
    change(ledger, Changed, is_restoration, at=too_long_before(ledger, "large again"))


def a_roll_back_that_never_was(ledger: Ledger) -> None:
    drop(ledger, Changed, is_restoration)


def a_roll_back_to_another_limit(ledger: Ledger) -> None:
    change(ledger, LimitRead, lambda event: event.by is Seat.OPERATOR, usd=900.0)


def a_roll_back_after_which_the_order_is_still_refused(ledger: Ledger) -> None:
    verdict = a_verdict("large again", vetoed=Code.ORDER_NOTIONAL_MAX, epoch=5)
    change(ledger, Judged, of("large again"), verdict=verdict)


def a_change_that_is_not_enforced_as_told(ledger: Ledger) -> None:
    change(ledger, Changed, is_resumption, enforced=False)


def a_change_that_no_verdict_met(ledger: Ledger) -> None:
    change(ledger, Changed, is_restoration, epoch=7)


def a_change_of_unknown_epoch(ledger: Ledger) -> None:
    change(ledger, Changed, is_tightening, epoch=None)


def a_gate_that_ends_under_a_policy_nobody_made(ledger: Ledger) -> None:
    change(ledger, Judged, of("out of the loss"), verdict=a_verdict("out of the loss", epoch=7))


def a_history_that_nobody_read(ledger: Ledger) -> None:
    drop(ledger, Trail, anything)


def a_change_that_the_history_has_not(ledger: Ledger) -> None:
    rewrite(ledger, lambda records: records[1:])


def a_record_of_a_change_that_nobody_made(ledger: Ledger) -> None:
    rewrite(ledger, lambda records: (Record("record-9", 3, "somebody", Words("why", "thought")), *records))


def a_record_that_names_somebody_else(ledger: Ledger) -> None:
    rewrite(ledger, lambda records: (replace(records[0], by="somebody"), *records[1:]))


def a_record_without_the_thought(ledger: Ledger) -> None:
    rewrite(ledger, lambda records: (replace(records[0], words=Words(records[0].words.reason, "")), *records[1:]))


def a_version_that_is_missing(ledger: Ledger) -> None:
    rewrite(ledger, lambda records: (replace(records[0], version=4), *records[1:]))


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
    (tightening_held, a_model_that_never_tightened),
    (tightening_held, an_operator_who_had_to_tighten),
    (halt_held, an_opening_by_the_halted_strategy),
    (halt_held, a_halted_strategy_that_never_tried),
    (halt_held, a_halted_strategy_that_could_not_get_out),
    (halt_held, a_halt_that_took_too_long),
    (halt_held, a_model_that_never_halted),
    (halt_held, a_halt_that_nobody_lifted),
    (halt_held, a_halt_that_the_model_lifted),
    (halt_held, a_resumed_strategy_that_never_opened),
    (safe_mode_held, a_model_that_never_played_safe),
    (safe_mode_held, a_safe_mode_that_took_too_long),
    (safe_mode_held, a_safe_mode_that_did_not_hold),
    (safe_mode_held, a_safe_mode_that_did_not_end),
    (nothing_during_outage, an_answer_without_a_gate),
    (nothing_during_outage, a_signal_without_a_gate),
    (nothing_during_outage, an_outage_that_nobody_noticed),
    (duplicate_refused, a_duplicate_that_passed_after_the_restart),
    (duplicate_refused, a_duplicate_that_names_another_approval),
    (duplicate_refused, a_duplicate_of_what_was_approved_after_the_kill),
    (duplicate_refused, a_duplicate_that_was_never_sent),
    (loosening_waited, a_loosening_that_did_not_have_to_wait),
    (loosening_waited, a_model_that_never_asked),
    (loosening_waited, a_loosening_that_no_order_tried),
    (loosening_waited, a_large_order_approved_while_the_proposal_waited),
    (loosening_waited, a_policy_that_moved_while_the_proposal_waited),
    (loosening_waited, a_loosening_that_the_model_did_itself),
    (loosening_waited, a_roll_back_that_never_was),
    (roll_back_restored, a_roll_back_that_took_too_long),
    (roll_back_restored, a_roll_back_that_never_was),
    (roll_back_restored, a_roll_back_to_another_limit),
    (roll_back_restored, a_roll_back_after_which_the_order_is_still_refused),
    (roll_back_restored, a_large_order_refused_before_the_tightening_too),
    (all_enforced, a_change_that_is_not_enforced_as_told),
    (all_enforced, a_change_that_no_verdict_met),
    (all_enforced, a_change_of_unknown_epoch),
    (all_enforced, a_halt_that_took_too_long),
    (all_enforced, a_gate_that_ends_under_a_policy_nobody_made),
    (history_explains, a_history_that_nobody_read),
    (history_explains, a_change_that_the_history_has_not),
    (history_explains, a_record_of_a_change_that_nobody_made),
    (history_explains, a_record_that_names_somebody_else),
    (history_explains, a_record_without_the_thought),
    (history_explains, a_version_that_is_missing),
]
