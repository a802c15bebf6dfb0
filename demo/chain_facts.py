"""Facts about the record: that it has every decision, and that nobody alters it unseen. Pure."""

from demo.fact import Fact
from demo.ledger import ChainVerified, Judged, Ledger, Tampered


def chain_complete(ledger: Ledger) -> Fact:
    """Check that the chain verified before anybody tampered, and holds the decisions that were heard and no others."""
    claim = "every decision is in the audit chain, no other is, and the chain verifies"
    heard = {judged.verdict.decision_id for judged in ledger.of(Judged)}
    tampered = next((each.at for each in ledger.of(Tampered)), float("inf"))
    found = next((each for each in ledger.of(ChainVerified) if each.at < tampered), None)
    if found is None:
        return Fact(claim, holds=False, detail="nobody verified")
    return Fact(
        claim,
        found.holds and found.signed_to > 0 and bool(heard) and found.decisions == heard,
        f"{len(found.decisions & heard)} of {len(heard)} decisions, {len(found.decisions - heard)} others, in "
        f"{found.entries} entries, signed up to {found.signed_to}",
    )


def tampering_found(ledger: Ledger) -> Fact:
    """Check that after the tampering the chain no longer verifies, and that the very entry is named."""
    claim = "the record that was tampered with was found"
    tampered = next(iter(ledger.of(Tampered)), None)
    found = next((each for each in ledger.of(ChainVerified) if tampered and each.at > tampered.at), None)
    if tampered is None or found is None:
        return Fact(claim, holds=False, detail="nobody tampered and verified again")
    named = found.bad_entry == tampered.entry and found.bad_id == tampered.decision_id
    return Fact(
        claim,
        not found.holds and named,
        f"entry {tampered.entry} was altered, entry {found.bad_entry or '-'} is called bad",
    )
