import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrosa_contracts import Alert, FailSafeReport, GovernanceHeartbeat, Signal, Verdict, subjects
from petrosa_contracts.documents.channels import ACTION, CHANNELS, STRATEGY, Channel, Direction, Role
from petrosa_contracts.execution import ExecutionEvent
from petrosa_contracts.record import DecisionRecord

every_channel = pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)


def _matches(subscription: str, subject: str) -> bool:
    """The server's own rules: `*` takes one token, a final `>` takes one or more."""
    pattern, tokens = subscription.split("."), subject.split(".")
    if pattern[-1] == ">":
        pattern, tokens = pattern[:-1], tokens[: len(pattern) - 1] if len(tokens) >= len(pattern) else []
    return len(pattern) == len(tokens) and all(
        part in {"*", token} for part, token in zip(pattern, tokens, strict=True)
    )


@every_channel
def test_what_is_sent_to_the_address_reaches_the_subscription(channel: Channel) -> None:
    subject = channel.address.replace(f"{{{STRATEGY}}}", subjects.token("Iceberg Order Detector"))
    subject = subject.replace(f"{{{ACTION}}}", subjects.token("veto"))
    assert "{" not in subject
    assert _matches(channel.subscription, subject)


@every_channel
def test_somebody_sends_and_somebody_receives_and_one_of_them_is_of_the_governance(channel: Channel) -> None:
    assert set(channel.directions.values()) == set(Direction)
    assert {Role.GATE, Role.RECORDER, Role.TRACKER, Role.FEED} & channel.directions.keys()


@every_channel
def test_only_what_the_gate_receives_is_answered_or_shared_among_its_replicas(channel: Channel) -> None:
    if channel.directions.get(Role.GATE) is not Direction.RECEIVE:
        assert channel.reply is None
        assert channel.queue_group is None
    else:
        assert channel.reply is not None


def test_channels_have_names_of_their_own() -> None:
    assert len({channel.name for channel in CHANNELS}) == len(CHANNELS)


@given(st.text())
def test_an_address_with_its_strategy_filled_in_is_what_the_builder_builds(strategy_id: str) -> None:
    filled = {channel.name: channel.address.replace("{strategy}", subjects.token(strategy_id)) for channel in CHANNELS}
    assert filled["intents"] == subjects.intent(strategy_id)
    assert filled["legacy_intents"] == subjects.legacy_intent(strategy_id)
    assert filled["decision_records"] == subjects.decision_record(strategy_id)
    assert filled["failsafe_reports"] == subjects.failsafe_report(strategy_id)
    assert filled["execution_events"] == subjects.execution_event(strategy_id)
    assert filled["alerts"].replace("{action}", "veto") == subjects.alert("veto", strategy_id)
    assert filled["verdicts"] == subjects.verdict(strategy_id)
    assert filled["signals_of_strategy"] == subjects.signal_of_strategy(subjects.SIGNALS, strategy_id)


def test_the_registry_says_who_says_what() -> None:
    assert [(channel.name, channel.payload, channel.reply) for channel in CHANNELS] == [
        ("intents", Signal, Verdict),
        ("legacy_intents", Signal, Verdict),
        ("signals", Signal, None),
        ("signals_of_strategy", Signal, None),
        ("verdicts", Verdict, None),
        ("decision_records", DecisionRecord, None),
        ("failsafe_reports", FailSafeReport, None),
        ("execution_events", ExecutionEvent, None),
        ("market_data", None, None),
        ("alerts", Alert, None),
        ("heartbeat", GovernanceHeartbeat, None),
        ("heartbeat_request", None, GovernanceHeartbeat),
        ("ping", None, GovernanceHeartbeat),
    ]


def test_the_intents_of_the_fleet_are_shared_in_one_queue_group() -> None:
    groups = {channel.queue_group for channel in CHANNELS if channel.payload is Signal and channel.reply is Verdict}
    assert groups == {"cio-nurse"}
