import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrosa_contracts import subjects

one_token = re.compile(r"[A-Za-z0-9_\-]+")
plain_subjects = st.lists(st.from_regex(one_token, fullmatch=True), min_size=1, max_size=4).map(".".join)


@given(st.text())
def test_any_text_becomes_one_token_that_a_server_takes(text: str) -> None:
    token = subjects.token(text)
    assert one_token.fullmatch(token)
    assert len(token) <= subjects.LONGEST_TOKEN


@given(st.from_regex(one_token, fullmatch=True))
def test_a_token_stays_as_it_is(text: str) -> None:
    assert subjects.token(text) == text[: subjects.LONGEST_TOKEN]


@given(st.text(max_size=5000))
def test_every_built_subject_has_the_levels_its_readers_count_on(strategy_id: str) -> None:
    built = [
        subjects.intent(strategy_id),
        subjects.legacy_intent(strategy_id),
        subjects.verdict(strategy_id),
        subjects.failsafe_report(strategy_id),
        subjects.signal_of_strategy(subjects.SIGNALS, strategy_id),
        subjects.alert(strategy_id, strategy_id),
    ]
    assert [subject.count(".") for subject in built] == [3, 2, 2, 3, 2, 3]
    assert all(one_token.fullmatch(part) for subject in built for part in subject.split("."))


def test_the_subjects_are_those_that_the_fleet_speaks_on() -> None:
    assert subjects.INTENTS == "cio.intent.>"
    assert subjects.LEGACY_INTENTS == "intent.>"
    assert subjects.SIGNALS == "signals.trading"
    assert subjects.HEARTBEAT == "cio.heartbeat"
    assert subjects.PING == "cio.ping"
    assert subjects.VERDICTS == "cio.verdict.>"
    assert subjects.FAILSAFE_REPORTS == "cio.audit.failsafe.>"
    assert subjects.ALERTS == "alerts.cio.>"
    assert subjects.NURSE_QUEUE_GROUP == "cio-nurse"
    assert subjects.intent("momentum_v1") == "cio.intent.trading.momentum_v1"
    assert subjects.legacy_intent("momentum_v1") == "intent.trading.momentum_v1"
    assert subjects.verdict("momentum_v1") == "cio.verdict.momentum_v1"
    assert subjects.failsafe_report("momentum_v1") == "cio.audit.failsafe.momentum_v1"
    assert subjects.alert("veto", "momentum_v1") == "alerts.cio.veto.momentum_v1"
    assert subjects.signal_of_strategy("signals.trading", "momentum_v1") == "signals.trading.momentum_v1"


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("momentum-v1", "momentum-v1"),
        ("Iceberg Order Detector", "Iceberg_Order_Detector"),
        ("a.b*c>d", "a_b_c_d"),
        ("estratégia", "estrat_gia"),
        ("a\r\nPUB x 0", "a__PUB_x_0"),
        ("", "unknown"),
        ("x" * 60_000, "x" * 200),
    ],
)
def test_what_a_subject_cannot_hold_is_replaced(text: str, token: str) -> None:
    assert subjects.token(text) == token


@given(plain_subjects)
def test_a_topic_without_wildcard_means_itself_and_all_below(topic: str) -> None:
    assert subjects.subscriptions(topic) == (topic, f"{topic}.>")


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        ("cio.intent.>", ("cio.intent.>",)),
        ("cio.intent.trading.*", ("cio.intent.trading.*",)),
        ("cio.intent.>,intent.>", ("cio.intent.>", "intent.>")),
        (" cio.intent.> , , intent ", ("cio.intent.>", "intent", "intent.>")),
        ("a,a.>,a", ("a", "a.>")),
        (">", (">",)),
    ],
)
def test_a_list_of_topics_is_taken_in_order_without_repeats(topics: str, expected: tuple[str, ...]) -> None:
    assert subjects.subscriptions(topics) == expected


@pytest.mark.parametrize("topics", ["", " , ", "cio intent.>", "cio..intent", ".cio", "cio.", "cio.>.intent", "a\tb"])
def test_a_list_that_names_no_subject_is_refused(topics: str) -> None:
    with pytest.raises(ValueError, match="subject"):
        subjects.subscriptions(topics)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ("a.>", "a.b", True),
        ("a.>", "a.b.>", True),
        ("a.>", "a", False),
        ("a.*", "a.b", True),
        ("a.*", "a.>", False),
        ("a.*", "a.b.c", False),
        ("a.b", "a.*", False),
        ("*.b", "a.b", True),
        ("a.b.c", "a.b", False),
        (">", "a.>", True),
    ],
)
def test_a_subject_covers_what_its_subscriber_would_get(wide: str, narrow: str, covered: bool) -> None:
    assert subjects.covers(wide, narrow) is covered
