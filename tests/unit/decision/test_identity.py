import pytest

from cio_decision.identity import identity_of, signal_id_of
from tests.builders import ABSENT, intent, payload, raw


def identity(**overrides: object) -> str:
    return identity_of(payload(**overrides), raw(**overrides))


def test_an_identity_is_32_hexadecimal_digits() -> None:
    assert len(identity()) == 32
    assert set(identity()) <= set("0123456789abcdef")


def test_the_same_id_of_the_same_strategy_is_the_same_request_whatever_else_differs() -> None:
    assert identity(confidence=0.5, timestamp="2026-02-25T12:00:06Z", symbol="ETHUSDT") == identity()


@pytest.mark.parametrize("changed", [{"intent_id": "other"}, {"strategy_id": "other"}, {"action": "sell"}])
def test_another_id_strategy_or_action_is_another_request(changed: dict[str, str]) -> None:
    assert identity(**changed) != identity()


def test_an_exit_may_carry_the_id_of_its_entry() -> None:
    assert identity(action="close") != identity(action="buy")


@pytest.mark.parametrize(
    ("present", "decides"),
    [
        ({"intent_id": "a", "signal_id": "b", "id": "c"}, "intent_id"),
        ({"signal_id": "b", "id": "c"}, "signal_id"),
        ({"id": "c"}, "id"),
    ],
)
def test_the_first_id_that_is_given_decides(present: dict[str, str], decides: str) -> None:
    given = {"intent_id": ABSENT, "signal_id": ABSENT, "id": ABSENT, **present}
    for name in present:
        same = identity(**{**given, name: "changed"}) == identity(**given)
        assert same is (name != decides)


@pytest.mark.parametrize("unusable", [None, "", "  ", True, [], {}, 1.5])
def test_an_unusable_id_is_passed_over(unusable: object) -> None:
    assert identity(intent_id=unusable, signal_id="b") == identity(intent_id=ABSENT, signal_id="b")


def test_a_number_may_be_an_id() -> None:
    assert identity(intent_id=17) != identity(intent_id=18)


def test_without_any_id_the_bytes_count() -> None:
    assert identity(intent_id=ABSENT) == identity(intent_id=ABSENT)
    assert identity(intent_id=ABSENT) != identity(intent_id=ABSENT, confidence=0.91)
    fields = payload(intent_id=ABSENT)
    assert identity_of(fields, b"{}") != identity_of(fields, b"{ }")


def test_ids_that_hold_separators_do_not_run_into_one_another() -> None:
    first = identity(strategy_id="a", intent_id="buy\x00x")
    second = identity(strategy_id="a\x00buy", intent_id="x")
    assert first != second


def test_a_digest_of_bytes_is_not_mistaken_for_an_id() -> None:
    bare = identity(intent_id=ABSENT)
    assert identity(intent_id=bare) != bare


@pytest.mark.parametrize(
    ("ids", "named"),
    [
        ({"signal_id": "s", "id": "i", "intent_id": "n"}, "s"),
        ({"id": "i", "intent_id": "n"}, "i"),
        ({"intent_id": "n"}, "n"),
        ({"signal_id": "", "id": "i"}, "i"),
        ({"signal_id": None, "intent_id": 5}, None),
        ({}, None),
    ],
)
def test_the_id_that_a_verdict_names(ids: dict[str, object], named: str | None) -> None:
    assert signal_id_of(ids) == named


def test_a_read_intent_carries_both() -> None:
    read = intent(signal_id="s")
    assert (read.identity, read.signal_id) == (identity(signal_id="s"), "s")
