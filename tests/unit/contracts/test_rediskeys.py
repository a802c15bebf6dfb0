from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from petrosa_contracts import rediskeys, reservations


def _hash_tag(key: str) -> str | None:
    """What a Redis cluster hashes instead of the key: the text in the first braces, unless it is empty."""
    _, opened, rest = key.partition("{")
    tag, closed, _ = rest.partition("}")
    return tag if opened and closed and tag else None


def test_the_keys_are_those_that_other_programs_rely_on() -> None:
    assert rediskeys.POLICY == "cio:policy"
    assert rediskeys.POLICY_VERSIONS == "cio:policy:versions"
    assert rediskeys.POLICY_EPOCH == "cio:policy:epoch"
    assert rediskeys.POLICY_REVISION == "cio:policy:revision"
    assert rediskeys.POLICY_CHANGED == "cio:policy:changed"
    assert rediskeys.CONTROL == "cio:control"
    assert rediskeys.ledger_identity("intent:abc") == "{cio:ledger}:seen:intent:abc"
    assert rediskeys.ledger_trades(date(2026, 2, 5)) == "{cio:ledger}:trades:2026-02-05"


@given(st.text(), st.dates())
def test_all_ledger_keys_lie_in_one_slot_of_a_cluster(identity: str, day: date) -> None:
    assert _hash_tag(rediskeys.ledger_identity(identity)) == _hash_tag(rediskeys.ledger_trades(day)) == "cio:ledger"
    assert {_hash_tag(key) for key in reservations.KEYS} == {"cio:ledger"}


@given(st.text(), st.text())
def test_each_identity_has_a_key_of_its_own(one: str, other: str) -> None:
    assert (rediskeys.ledger_identity(one) == rediskeys.ledger_identity(other)) == (one == other)
