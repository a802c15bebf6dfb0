from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from petrosa_contracts import Decision, FailSafeLimits, GovernanceHeartbeat, GovernanceStatus, Mode
from petrosa_contracts.client.governance import CAPACITY, KNOWN_SECONDS, BotMode, Governance
from petrosa_contracts.client.judging import judge, propose
from tests.unit.contracts.client.answers import heartbeat, intent, verdict

LIMITS = FailSafeLimits()
TIMEOUT = LIMITS.heartbeat_timeout_seconds
PAIR: dict[str, Any] = {"strategy_id": "momentum_v1", "symbol": "BTCUSDT"}


def recovered() -> Governance:
    governance = Governance(LIMITS)
    for _ in range(3):
        governance.heard(heartbeat(), age_on_arrival=0.0, now=0.0)
    return governance


def test_a_bot_begins_in_fail_safe_mode_and_knows_nothing() -> None:
    governance = Governance(LIMITS)
    known = governance.knowledge(**PAIR, now=0.0)
    assert governance.mode(0.0) is BotMode.FAIL_SAFE
    assert (known.mode, known.heartbeat_age, known.approved_lately, known.entered) == (None, None, False, False)


def test_three_consecutive_heartbeats_end_fail_safe_mode() -> None:
    governance = Governance(LIMITS)
    modes = []
    for second in range(3):
        governance.heard(heartbeat(), age_on_arrival=0.0, now=float(second))
        modes.append(governance.mode(float(second)))
    assert modes == [BotMode.FAIL_SAFE, BotMode.FAIL_SAFE, BotMode.NORMAL]


@pytest.mark.parametrize("interruption", ["unanswered", "unreadable", "degraded", "late", "silence"])
def test_whatever_comes_between_begins_the_count_again(interruption: str) -> None:
    governance = Governance(LIMITS)
    now = 0.0
    for _ in range(2):
        governance.heard(heartbeat(), age_on_arrival=0.0, now=now)
    match interruption:
        case "unanswered":
            governance.unanswered("no answer", now=now)
        case "unreadable":
            governance.heard_unreadable()
        case "degraded":
            governance.heard(heartbeat(status=GovernanceStatus.DEGRADED, mode="SAFE"), age_on_arrival=0.0, now=now)
        case "late":
            governance.heard(heartbeat(), age_on_arrival=TIMEOUT + 1, now=now)
        case _:
            now = TIMEOUT + 1
    for expected in (BotMode.FAIL_SAFE, BotMode.FAIL_SAFE, BotMode.NORMAL):
        governance.heard(heartbeat(), age_on_arrival=0.0, now=now)
        assert governance.mode(now) is expected


def test_one_missing_answer_begins_fail_safe_mode_and_says_why() -> None:
    governance = recovered()
    governance.unanswered("nobody listens", now=1.0)
    assert governance.mode(1.0) is BotMode.FAIL_SAFE
    assert governance.reason == "nobody listens"


def test_a_heartbeat_counts_up_to_its_limit_and_not_beyond() -> None:
    governance = recovered()
    assert governance.mode(TIMEOUT) is BotMode.NORMAL
    assert governance.mode(TIMEOUT + 0.001) is BotMode.FAIL_SAFE
    assert governance.reason == "no heartbeat for 60 seconds"


def test_a_heartbeat_that_was_long_on_its_way_is_as_old_as_its_own_time_says() -> None:
    governance = Governance(LIMITS)
    governance.heard(heartbeat(), age_on_arrival=40.0, now=100.0)
    assert governance.knowledge(**PAIR, now=110.0).heartbeat_age == 50.0


@pytest.mark.parametrize(
    ("status", "named", "expected"),
    [
        (GovernanceStatus.GOVERNANCE_ACTIVE, "ACTIVE", Mode.ACTIVE),
        (GovernanceStatus.DEGRADED, "SAFE", Mode.SAFE),
        (GovernanceStatus.DEGRADED, "BLIND", Mode.BLIND),
        (GovernanceStatus.HALTED, "HALTED", Mode.HALTED),
        (GovernanceStatus.HALTED, "ACTIVE", Mode.HALTED),
        (GovernanceStatus.FROZEN, "FROZEN", Mode.FROZEN),
        (GovernanceStatus.GOVERNANCE_ACTIVE, "A_LATER_VERSION", Mode.HALTED),
    ],
)
def test_the_stricter_of_status_and_mode_is_what_was_heard(
    status: GovernanceStatus, named: str, expected: Mode
) -> None:
    governance = Governance(LIMITS)
    governance.heard(heartbeat(status=status, mode=named), age_on_arrival=0.0, now=0.0)
    assert governance.knowledge(**PAIR, now=0.0).mode is expected


def test_an_approved_entry_makes_its_symbol_known_for_a_day() -> None:
    governance = recovered()
    governance.answered(verdict(), **PAIR, action="buy", now=10.0)
    assert governance.knowledge(**PAIR, now=10.0 + KNOWN_SECONDS).approved_lately
    assert not governance.knowledge(**PAIR, now=10.1 + KNOWN_SECONDS).approved_lately
    assert not governance.knowledge(strategy_id="momentum_v1", symbol="ETHUSDT", now=10.0).approved_lately
    assert not governance.knowledge(strategy_id="other", symbol="BTCUSDT", now=10.0).approved_lately


def test_an_approved_exit_makes_nothing_known() -> None:
    governance = recovered()
    governance.answered(verdict(), **PAIR, action="close", now=10.0)
    assert not governance.knowledge(**PAIR, now=10.0).approved_lately


def test_a_later_veto_takes_the_approval_back() -> None:
    governance = recovered()
    governance.answered(verdict(), **PAIR, action="buy", now=10.0)
    governance.answered(verdict(Decision.VETOED), **PAIR, action="buy", now=11.0)
    assert not governance.knowledge(**PAIR, now=11.0).approved_lately


def test_a_halt_of_a_strategy_is_remembered_for_its_other_symbols() -> None:
    governance = recovered()
    for symbol in ("BTCUSDT", "ETHUSDT"):
        governance.answered(verdict(), strategy_id="a", symbol=symbol, action="buy", now=1.0)
    governance.answered(verdict(), strategy_id="b", symbol="ETHUSDT", action="buy", now=1.0)
    governance.answered(
        verdict(Decision.VETOED, mode=Mode.HALTED), strategy_id="a", symbol="BTCUSDT", action="buy", now=2.0
    )
    assert not governance.knowledge(strategy_id="a", symbol="ETHUSDT", now=2.0).approved_lately
    assert governance.knowledge(strategy_id="b", symbol="ETHUSDT", now=2.0).approved_lately


def test_a_freeze_heard_in_a_verdict_holds_until_another_answer() -> None:
    governance = recovered()
    governance.answered(verdict(Decision.VETOED, mode=Mode.FROZEN), **PAIR, action="close", now=1.0)
    assert governance.knowledge(**PAIR, now=1.0).mode is Mode.FROZEN
    governance.answered(verdict(), **PAIR, action="close", now=2.0)
    assert governance.knowledge(**PAIR, now=2.0).mode is Mode.ACTIVE


def test_what_was_entered_is_forgotten_with_the_first_answer_after_fail_safe_mode() -> None:
    governance = recovered()
    governance.unanswered("no answer", now=0.0)
    governance.answered(verdict(), **PAIR, action="buy", now=0.0)
    for _ in range(3):
        assert governance.knowledge(**PAIR, now=1.0).entered
        governance.heard(heartbeat(), age_on_arrival=0.0, now=1.0)
    assert governance.knowledge(**PAIR, now=1.0).entered
    governance.answered(verdict(), **PAIR, action="close", now=1.0)
    assert not governance.knowledge(**PAIR, now=1.0).entered


def test_a_gate_that_beats_but_never_answers_lets_a_symbol_be_entered_once() -> None:
    governance = recovered()
    governance.answered(verdict(), **PAIR, action="buy", now=0.0)
    passed = 0
    for turn in range(10):
        governance.unanswered("no answer", now=float(turn))
        if judge(propose(intent()), governance.knowledge(**PAIR, now=float(turn)), LIMITS) is None:
            governance.entered("BTCUSDT")
            passed += 1
        for _ in range(3):
            governance.heard(heartbeat(), age_on_arrival=0.0, now=float(turn))
        assert governance.mode(float(turn)) is BotMode.NORMAL
    assert passed == 1


def test_what_was_entered_before_fail_safe_mode_may_be_entered_once_more() -> None:
    governance = recovered()
    governance.answered(verdict(), **PAIR, action="buy", now=0.0)
    governance.unanswered("no answer", now=0.0)
    assert not governance.knowledge(**PAIR, now=0.0).entered


def test_memory_is_bounded_and_a_full_list_of_entries_lets_nothing_more_in() -> None:
    governance = Governance(LIMITS)
    for number in range(CAPACITY + 1):
        governance.answered(verdict(), strategy_id="s", symbol=f"S{number}", action="buy", now=0.0)
    assert not governance.knowledge(strategy_id="s", symbol="S0", now=0.0).approved_lately
    assert governance.knowledge(strategy_id="s", symbol="S1", now=0.0).approved_lately
    assert governance.knowledge(strategy_id="s", symbol="NEVER", now=0.0).entered


class Recovery(RuleBasedStateMachine):
    """Keeps a plain list of what happened and compares the mode with what the list says."""

    @initialize()
    def begin(self) -> None:
        self.governance = Governance(LIMITS)
        self.now = 0.0
        self.happened: list[tuple[str, float]] = []
        self.passed_since_answer = 0

    @rule(seconds=st.sampled_from([0.5, 10.0, TIMEOUT, TIMEOUT + 1]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def healthy(self) -> None:
        self.governance.heard(heartbeat(), age_on_arrival=0.0, now=self.now)
        self.happened.append(("healthy", self.now))

    @rule(status=st.sampled_from([status for status in GovernanceStatus if status != "GOVERNANCE_ACTIVE"]))
    def unwell(self, status: GovernanceStatus) -> None:
        beat: GovernanceHeartbeat = heartbeat(status=status)
        self.governance.heard(beat, age_on_arrival=0.0, now=self.now)
        self.happened.append(("unwell", self.now))

    @rule()
    def missing(self) -> None:
        self.governance.unanswered("no answer", now=self.now)
        self.happened.append(("missing", self.now))

    @rule()
    def approved(self) -> None:
        self.governance.answered(verdict(), **PAIR, action="buy", now=self.now)
        self.passed_since_answer = 0

    @rule()
    def unanswered_entry(self) -> None:
        self.missing()
        known = self.governance.knowledge(**PAIR, now=self.now)
        if judge(propose(intent()), known, LIMITS) is None:
            self.governance.entered("BTCUSDT")
            self.passed_since_answer += 1

    @invariant()
    def a_symbol_is_entered_at_most_once_between_two_answers(self) -> None:
        assert self.passed_since_answer <= 1

    @invariant()
    def normal_only_after_three_heartbeats_without_a_miss(self) -> None:
        if self.governance.mode(self.now) is BotMode.FAIL_SAFE:
            return
        since_trouble: list[float] = []
        longest = 0
        last_beat: float | None = None
        for kind, at in self.happened:
            if kind == "missing":
                since_trouble, longest = [], 0
                continue
            if last_beat is not None and at - last_beat > TIMEOUT:
                since_trouble, longest = [], 0
            last_beat = at
            since_trouble = [*since_trouble, at] if kind == "healthy" else []
            longest = max(longest, len(since_trouble))
        assert longest >= 3
        assert last_beat is not None
        assert self.now - last_beat <= TIMEOUT


TestRecovery = Recovery.TestCase
TestRecovery.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
