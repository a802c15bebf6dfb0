"""Ways to spoil a good play so that a fact about the audit chain turns false."""

from demo.chain_facts import chain_complete, tampering_found
from demo.ledger import ChainVerified, Ledger, Tampered
from tests.e2e.demo_plays import anything, change, drop


def before(event: ChainVerified) -> bool:
    return event.bad_entry is None


def after(event: ChainVerified) -> bool:
    return event.bad_entry is not None


def recorded(ledger: Ledger) -> frozenset[str]:
    return ledger.of(ChainVerified)[0].decisions


def a_chain_that_nobody_verified(ledger: Ledger) -> None:
    drop(ledger, ChainVerified, before)


def a_chain_that_did_not_hold_before(ledger: Ledger) -> None:
    change(ledger, ChainVerified, before, holds=False)


def a_chain_that_nobody_signed(ledger: Ledger) -> None:
    change(ledger, ChainVerified, before, signed_to=0)


def a_decision_that_is_not_on_record(ledger: Ledger) -> None:
    change(ledger, ChainVerified, before, decisions=recorded(ledger) - {"decision-of-percent"})


def a_decision_on_record_that_nobody_heard(ledger: Ledger) -> None:
    change(ledger, ChainVerified, before, decisions=recorded(ledger) | {"decision-of-nobody"})


def a_record_that_nobody_tampered_with(ledger: Ledger) -> None:
    drop(ledger, Tampered, anything)


def a_tampering_after_which_nobody_looked(ledger: Ledger) -> None:
    drop(ledger, ChainVerified, after)


def a_tampering_that_was_not_found(ledger: Ledger) -> None:
    change(ledger, ChainVerified, after, holds=True)


def a_tampering_that_was_found_elsewhere(ledger: Ledger) -> None:
    change(ledger, ChainVerified, after, bad_entry=4)


def a_tampering_that_names_another_decision(ledger: Ledger) -> None:
    change(ledger, ChainVerified, after, bad_id="decision-of-percent")


VIOLATIONS = [
    (chain_complete, a_chain_that_nobody_verified),
    (chain_complete, a_chain_that_did_not_hold_before),
    (chain_complete, a_chain_that_nobody_signed),
    (chain_complete, a_decision_that_is_not_on_record),
    (chain_complete, a_decision_on_record_that_nobody_heard),
    (tampering_found, a_record_that_nobody_tampered_with),
    (tampering_found, a_tampering_after_which_nobody_looked),
    (tampering_found, a_tampering_that_was_not_found),
    (tampering_found, a_tampering_that_was_found_elsewhere),
    (tampering_found, a_tampering_that_names_another_decision),
]
