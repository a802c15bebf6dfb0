import json
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from petrosa_contracts.heartbeat import GovernanceHeartbeat, GovernanceStatus, HeartbeatMessage, RateLimitStatus
from tests.samples import SHARED_SAMPLES

FIELD_LINES = {
    HeartbeatMessage: """
        service: str
        timestamp: float = "now_epoch_seconds"
        version: str = "1.0.0"
        status: str = "healthy"
    """,
    RateLimitStatus: """
        weight_1m: int
        timestamp: float = "now_epoch_seconds"
    """,
}

GOVERNANCE = {
    "service": "petrosa-cio",
    "status": "DEGRADED",
    "mode": "CONSERVATIVE",
    "timestamp": 1_773_130_530.25,
    "version": "0.1.0",
    "instance": "nurse-1",
    "epoch": 12,
    "policy_age_seconds": 0.5,
    "reasons": ["regime is stale", "store is away"],
}

fleet_models = pytest.mark.parametrize("model", FIELD_LINES, ids=lambda model: model.__name__)


def read_measured(name: str) -> dict[str, Any]:
    path = SHARED_SAMPLES / name
    if not path.is_file():
        pytest.skip("the measured samples in ../shared/interop are not at hand")
    return json.loads(path.read_text(encoding="utf-8"))


@fleet_models
def test_fields_have_the_pinned_order_types_defaults_and_limits(
    model: type[BaseModel], field_lines: Callable[[type[BaseModel]], list[str]]
):
    assert field_lines(model) == [line.strip() for line in FIELD_LINES[model].strip().splitlines()]


@fleet_models
def test_fields_equal_the_measured_ones(
    model: type[BaseModel],
    field_lines: Callable[[type[BaseModel]], list[str]],
    measured_field_lines: Callable[[str], list[str]],
):
    assert field_lines(model) == measured_field_lines(model.__name__)


@pytest.mark.parametrize("model", [*FIELD_LINES, GovernanceHeartbeat], ids=lambda model: model.__name__)
def test_every_field_says_what_it_means(model: type[BaseModel]):
    assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_times_default_to_the_present_in_epoch_seconds(frozen_now: datetime):
    assert HeartbeatMessage(service="bot").timestamp == frozen_now.timestamp()
    assert RateLimitStatus(weight_1m=0).timestamp == frozen_now.timestamp()


@pytest.mark.parametrize("name", ["heartbeat_cio_push.json", "heartbeat_socket_client.json", "heartbeat_te_model.json"])
def test_measured_heartbeat_keeps_every_value(name: str):
    payload = read_measured(name)

    assert HeartbeatMessage.model_validate(payload).model_dump(mode="json") == payload


def test_measured_reply_is_no_heartbeat_because_it_names_no_service():
    with pytest.raises(ValidationError, match="service"):
        HeartbeatMessage.model_validate(read_measured("heartbeat_cio_reply.json"))


def test_measured_rate_limits_keep_every_value():
    payload = read_measured("rate_limits.json")

    assert RateLimitStatus.model_validate(payload).model_dump(mode="json") == payload


@pytest.mark.parametrize(
    ("payload", "timestamp"),
    [
        ({"service": "bot", "status": "DEAD", "timestamp": 1}, 1.0),
        ({"service": "", "timestamp": "1772020800.5"}, 1_772_020_800.5),
        ({"service": "bot", "timestamp": 2, "health": {"redis": True}, "mode": None}, 2.0),
    ],
)
def test_anything_with_a_service_counts_as_a_heartbeat(payload: dict[str, Any], timestamp: float):
    assert HeartbeatMessage.model_validate(payload).timestamp == timestamp


@pytest.mark.parametrize(
    "payload",
    [
        {"status": "healthy"},
        {"service": None},
        {"service": 7},
        {"service": "bot", "timestamp": "2026-02-25T12:00:00+00:00"},
        {"service": "bot", "timestamp": None},
        {"service": "bot", "version": 2},
        {"service": "bot", "status": None},
        ["service"],
    ],
)
def test_broken_heartbeat_is_refused(payload: object):
    with pytest.raises(ValidationError):
        HeartbeatMessage.model_validate(payload)


def test_rate_limits_need_a_whole_weight():
    assert RateLimitStatus.model_validate({"weight_1m": "240", "timestamp": 1}).weight_1m == 240
    with pytest.raises(ValidationError):
        RateLimitStatus.model_validate({"timestamp": 1})
    with pytest.raises(ValidationError):
        RateLimitStatus.model_validate({"weight_1m": 0.5})


def test_governance_status_has_the_four_words():
    assert [status.value for status in GovernanceStatus] == ["GOVERNANCE_ACTIVE", "DEGRADED", "HALTED", "FROZEN"]


def test_governance_heartbeat_keeps_every_value():
    assert GOVERNANCE.keys() == GovernanceHeartbeat.model_fields.keys()
    heartbeat = GovernanceHeartbeat.model_validate(GOVERNANCE)

    assert heartbeat.model_dump(mode="json") == GOVERNANCE
    assert GovernanceHeartbeat.model_validate_json(heartbeat.model_dump_json()) == heartbeat


@pytest.mark.parametrize("status", GovernanceStatus)
def test_governance_heartbeat_is_a_heartbeat_to_the_engine(status: GovernanceStatus):
    sent = GovernanceHeartbeat(
        status=status, mode="ACTIVE", timestamp=1_773_130_530.25, version="0.1.0", instance="nurse-1"
    )

    heard = HeartbeatMessage.model_validate_json(sent.model_dump_json())
    assert heard == HeartbeatMessage(
        service="petrosa-cio", timestamp=1_773_130_530.25, version="0.1.0", status=status.value
    )


def test_governance_heartbeat_needs_neither_policy_nor_reasons():
    bare = GovernanceHeartbeat(
        status=GovernanceStatus.DEGRADED, mode="BLIND", timestamp=1.0, version="0.1.0", instance="nurse-1"
    )

    assert (bare.service, bare.epoch, bare.policy_age_seconds, bare.reasons) == ("petrosa-cio", None, None, ())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service", "bot"),
        ("status", "healthy"),
        ("mode", None),
        ("timestamp", math.nan),
        ("timestamp", None),
        ("policy_age_seconds", -1.0),
        ("policy_age_seconds", math.inf),
        ("reasons", "store is away"),
    ],
)
def test_broken_governance_heartbeat_is_refused(field: str, value: object):
    with pytest.raises(ValidationError) as caught:
        GovernanceHeartbeat.model_validate({**GOVERNANCE, field: value})

    assert {error["loc"][0] for error in caught.value.errors()} == {field}


@pytest.mark.parametrize("model", [*FIELD_LINES, GovernanceHeartbeat], ids=lambda model: model.__name__)
def test_messages_cannot_be_changed(model: type[BaseModel]):
    message = model.model_validate({**GOVERNANCE, "weight_1m": 1})

    with pytest.raises(ValidationError, match="frozen"):
        message.timestamp = 0.0  # type: ignore[attr-defined]
