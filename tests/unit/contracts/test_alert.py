import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from petrosa_contracts import Alert, AlertSeverity

AT = datetime(2026, 2, 25, 12, 0, 0, 654_321, tzinfo=UTC)


def _alert(action: str = "primal", strategy_id: str = "nurse", *, cause: str = "", at: datetime = AT) -> Alert:
    return Alert.of(
        action,
        strategy_id,
        category="primal",
        severity=AlertSeverity.CRITICAL,
        message="The gate holds the built-in limits.",
        at=at,
        cause=cause,
    )


def test_an_alert_has_the_form_that_the_fleet_reads() -> None:
    alert = _alert()
    assert alert.subject == "alerts.cio.primal.nurse"
    assert json.loads(alert.model_dump_json()) == {
        "category": "primal",
        "severity": "critical",
        "strategy_id": "nurse",
        "action": "primal",
        "message": "The gate holds the built-in limits.",
        "decision_id": "",
        "timestamp": "2026-02-25T12:00:00Z",
        "dedupe_key": alert.dedupe_key,
    }


def test_an_alert_reads_back_as_it_was_written_but_for_parts_of_a_second() -> None:
    alert = _alert(at=AT.replace(microsecond=0))
    assert Alert.model_validate_json(alert.model_dump_json()) == alert


def test_the_time_is_utc_whatever_offset_it_comes_with() -> None:
    there = AT.astimezone(timezone(timedelta(hours=-3)))
    assert json.loads(_alert(at=there).model_dump_json())["timestamp"] == "2026-02-25T12:00:00Z"


def test_the_same_cause_has_the_same_key_at_any_time() -> None:
    assert _alert(cause="a").dedupe_key == _alert(cause="a", at=AT + timedelta(days=1)).dedupe_key


@given(st.text(), st.text(), st.text())
def test_another_action_strategy_or_cause_has_another_key(action: str, strategy_id: str, cause: str) -> None:
    key = _alert(action, strategy_id, cause=cause).dedupe_key
    assert key != _alert(action + "x", strategy_id, cause=cause).dedupe_key
    assert key != _alert(action, strategy_id + "x", cause=cause).dedupe_key
    assert key != _alert(action, strategy_id, cause=cause + "x").dedupe_key


@pytest.mark.parametrize(
    ("word", "read"), [("info", "info"), ("critical", "critical"), ("high", "warning"), (3, "warning")]
)
def test_an_unknown_severity_reads_as_warning(word: object, read: str) -> None:
    told = {**json.loads(_alert().model_dump_json()), "severity": word}
    assert Alert.model_validate(told).severity == read


@pytest.mark.parametrize("key", ["", "0123456789ABCDEF", "0123456789abcde", "0123456789abcdef0"])
def test_a_key_is_sixteen_hexadecimal_digits(key: str) -> None:
    told = {**json.loads(_alert().model_dump_json()), "dedupe_key": key}
    with pytest.raises(ValidationError, match="dedupe_key"):
        Alert.model_validate(told)
