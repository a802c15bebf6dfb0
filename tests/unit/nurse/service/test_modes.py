from datetime import timedelta

import pytest

from cio_decision.freshness import Ages
from cio_nurse.service.modes import PolicyStanding, system_mode
from petrosa_contracts import Mode
from tests.builders import NOW

LIMITS = Ages(stale_seconds=5, lost_seconds=3600)
TICK = timedelta(microseconds=1)


def confirmed(age: timedelta, *, store_up: bool = True, trouble: str = "") -> PolicyStanding:
    return PolicyStanding(confirmed_at=NOW - age, store_up=store_up, trouble=trouble)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(seconds=5), timedelta(seconds=-30)])
def test_confirmed_policy_up_to_the_age_limit_is_active_without_a_reason(age: timedelta) -> None:
    found = system_mode(confirmed(age), LIMITS, NOW)
    assert (found.mode, found.reason) == (Mode.ACTIVE, "")


def test_policy_a_tick_older_is_stale() -> None:
    found = system_mode(confirmed(timedelta(seconds=5) + TICK), LIMITS, NOW)
    assert found.mode is Mode.CONSERVATIVE
    assert "5 seconds ago" in found.reason


@pytest.mark.parametrize("store_up", [True, False])
@pytest.mark.parametrize("trouble", ["", "policy cannot be read"])
def test_policy_older_than_the_hard_age_is_lost_whatever_else(store_up: bool, trouble: str) -> None:
    at_limit = confirmed(timedelta(hours=1), store_up=store_up, trouble=trouble)
    beyond = confirmed(timedelta(hours=1) + TICK, store_up=store_up, trouble=trouble)
    assert system_mode(at_limit, LIMITS, NOW).mode is Mode.CONSERVATIVE
    assert system_mode(beyond, LIMITS, NOW).mode is Mode.BLIND


@pytest.mark.parametrize(
    ("store_up", "trouble", "reason"),
    [
        (True, "", "policy was last confirmed 3601 seconds ago"),
        (False, "", "policy was last confirmed 3601 seconds ago, Redis is away"),
        (
            True,
            "policy of 'global' cannot be read",
            "policy was last confirmed 3601 seconds ago, policy of 'global' cannot be read",
        ),
    ],
)
def test_policy_that_is_lost_by_its_age_still_says_why_nobody_confirms_it(
    store_up: bool, trouble: str, reason: str
) -> None:
    standing = confirmed(timedelta(seconds=3601), store_up=store_up, trouble=trouble)
    assert system_mode(standing, LIMITS, NOW).reason == reason


def test_a_store_that_is_away_is_conservative_at_once() -> None:
    found = system_mode(confirmed(timedelta(0), store_up=False), LIMITS, NOW)
    assert (found.mode, found.reason) == (Mode.CONSERVATIVE, "Redis is away")


def test_a_store_that_is_not_believed_is_conservative_and_says_why() -> None:
    found = system_mode(confirmed(timedelta(0), trouble="the epoch is lost"), LIMITS, NOW)
    assert (found.mode, found.reason) == (Mode.CONSERVATIVE, "the epoch is lost")


@pytest.mark.parametrize(
    ("inputs", "word"),
    [
        (PolicyStanding(), "Redis has not answered yet"),
        (PolicyStanding(store_up=True), "no policy was ever written"),
        (
            PolicyStanding(store_up=True, trouble="policy of 'global' cannot be read"),
            "policy of 'global' cannot be read",
        ),
    ],
)
def test_without_any_policy_the_gate_is_blind_and_says_why(inputs: PolicyStanding, word: str) -> None:
    found = system_mode(inputs, LIMITS, NOW)
    assert found.mode is Mode.BLIND
    assert word in found.reason
