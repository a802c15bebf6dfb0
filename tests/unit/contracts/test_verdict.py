from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from petrosa_contracts import Breach, Code, Decision, LiveValues, Mode, Verdict

amounts = st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text() | st.booleans() | st.none()
breaches = st.builds(
    Breach,
    code=st.sampled_from(Code),
    gate=st.text(),
    measured=amounts,
    limit=amounts,
    unit=st.text(),
    scope=st.none() | st.text(),
    version=st.none() | st.integers(),
    message=st.text(),
)
verdicts = st.builds(
    Verdict,
    decision_id=st.text("0123456789abcdef", min_size=32, max_size=32),
    verdict=st.sampled_from(Decision),
    code=st.none() | st.sampled_from(Code),
    message=st.text(),
    breaches=st.lists(breaches, max_size=3).map(tuple),
    mode=st.sampled_from(Mode),
    epoch=st.none() | st.integers(),
    strategy_id=st.none() | st.text(),
    symbol=st.none() | st.text(),
    action=st.none() | st.text(),
    signal_id=st.none() | st.text(),
    received_at=st.datetimes(timezones=st.just(UTC)),
    latency_ms=st.floats(0, 1e6),
)

APPROVAL = Verdict(
    decision_id="0f" * 16,
    verdict=Decision.APPROVED,
    code=None,
    message="Approved.",
    breaches=(),
    mode=Mode.ACTIVE,
    epoch=3,
    strategy_id="momentum_v1",
    symbol="BTCUSDT",
    action="buy",
    signal_id=None,
    received_at=datetime(2026, 2, 25, 9, tzinfo=timezone(timedelta(hours=-3))),
    latency_ms=0.4,
)


@given(verdicts)
def test_a_verdict_is_read_back_as_it_was_written(verdict: Verdict) -> None:
    read = Verdict.model_validate_json(verdict.model_dump_json())
    assert read == verdict
    for was, now in zip(verdict.breaches, read.breaches, strict=True):
        # True equals 1 and 1 equals 1.0, so equality alone would not notice a changed type.
        assert (type(now.measured), type(now.limit)) == (type(was.measured), type(was.limit))


def test_the_wire_names_are_those_that_other_languages_rely_on() -> None:
    assert list(Verdict.model_fields) == [
        "decision_id",
        "verdict",
        "code",
        "message",
        "breaches",
        "mode",
        "epoch",
        "strategy_id",
        "symbol",
        "action",
        "signal_id",
        "received_at",
        "latency_ms",
        "live",
    ]
    assert list(Breach.model_fields) == ["code", "gate", "measured", "limit", "unit", "scope", "version", "message"]
    assert [str(decision) for decision in Decision] == ["approved", "vetoed"]


def test_a_code_is_spelled_as_it_is_named() -> None:
    assert {code.name: code.value for code in Code} == {code.name: code.name for code in Code}


def test_no_field_is_left_to_a_default_so_that_none_is_forgotten() -> None:
    optional = {
        name for model in (Verdict, Breach) for name, field in model.model_fields.items() if not field.is_required()
    }
    assert optional == {"live"}


def test_live_values_are_left_out_where_there_are_none() -> None:
    assert "live" not in APPROVAL.model_dump(mode="json")
    live = LiveValues(price=Decimal("50010.10"), as_of=APPROVAL.received_at, mark_price=None)
    written = APPROVAL.model_copy(update={"live": live}).model_dump(mode="json")
    assert written["live"] == {"price": "50010.10", "as_of": "2026-02-25T12:00:00Z", "mark_price": None}


def test_approved_says_whether_the_intent_may_become_a_signal() -> None:
    assert APPROVAL.approved
    assert not APPROVAL.model_copy(update={"verdict": Decision.VETOED}).approved


def test_the_time_of_receipt_is_utc_whatever_offset_it_came_with() -> None:
    assert APPROVAL.received_at.isoformat() == "2026-02-25T12:00:00+00:00"


def test_a_verdict_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        APPROVAL.verdict = Decision.VETOED  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    "change", [{"latency_ms": -1.0}, {"verdict": "maybe"}, {"code": "BAD_MOOD"}, {"mode": "ASLEEP"}]
)
def test_a_verdict_with_an_unknown_word_or_a_negative_latency_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Verdict.model_validate(APPROVAL.model_dump() | change)


def test_fields_of_a_newer_gate_are_ignored() -> None:
    assert Verdict.model_validate(APPROVAL.model_dump() | {"mood": "good"}) == APPROVAL
