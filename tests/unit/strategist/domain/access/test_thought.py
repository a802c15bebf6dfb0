"""Thought traces and reasons: what is taken for one, and what a refusal asks for."""

import pytest

from cio_strategist.domain.access.thought import (
    DISTINCT_WORDS,
    LONGEST_REASON,
    LONGEST_THOUGHT,
    SHORTEST_REASON,
    SHORTEST_THOUGHT,
    check_reason,
    check_thought,
)
from cio_strategist.errors import UsageError

THOUGHT = "Volatility doubled within the hour while depth thinned out, so smaller orders keep slippage inside the limit"
REASON = "volatility doubled"


@pytest.mark.parametrize(
    "thought", [THOUGHT, f"{THOUGHT}\n\n\t- next\r\n", "Größe und Tiefe: " + THOUGHT, THOUGHT + " \u2713"]
)
def test_reasoning_of_substance_is_taken(thought: str) -> None:
    check_thought(thought, REASON)


@pytest.mark.parametrize(
    "thought",
    [
        None,
        "",
        " " * 100,
        "ok",
        "a b c d e f g h",
        "because the agent wants to " * 20,
        "risk RISK Risk rIsk " * 20,
        "x" * 200,
        "_ __ ___ ____ _____ ______ _______ ________ _________",
        "!? -- ... ;; ,, ** ## $$ %% && (( )) [[ ]] {{ }} <<",
    ],
)
def test_a_thought_without_substance_is_refused(thought: str | None) -> None:
    with pytest.raises(UsageError, match="at least 40 characters and 8 different words"):
        check_thought(thought, REASON)


def test_both_limits_of_a_thought_are_inclusive() -> None:
    words = [f"word{number}" for number in range(DISTINCT_WORDS)]
    check_thought(" ".join(words).ljust(SHORTEST_THOUGHT, "."), REASON)
    with pytest.raises(UsageError, match="different words"):
        check_thought(" ".join(words[1:]).ljust(SHORTEST_THOUGHT, "."), REASON)
    check_thought(THOUGHT.ljust(LONGEST_THOUGHT, "."), REASON)
    with pytest.raises(UsageError, match="too long: 8001 characters, and 8000 are allowed"):
        check_thought(THOUGHT.ljust(LONGEST_THOUGHT + 1, "."), REASON)


def test_blanks_around_a_thought_count_towards_its_length_but_not_its_substance() -> None:
    with pytest.raises(UsageError, match="thought_trace is too long"):
        check_thought(THOUGHT.ljust(LONGEST_THOUGHT + 1), REASON)
    with pytest.raises(UsageError, match="at least 40 characters"):
        check_thought("a b c d e f g h i j".ljust(60), REASON)


@pytest.mark.parametrize("reason", [None, "", "   ", "ok", " a \n"])
def test_a_reason_must_say_something(reason: str | None) -> None:
    with pytest.raises(UsageError, match="reason must say"):
        check_thought(THOUGHT, reason)
    with pytest.raises(UsageError, match="reason must say"):
        check_reason(reason)


def test_both_limits_of_a_reason_are_inclusive() -> None:
    check_reason("x" * SHORTEST_REASON)
    check_reason("x" * LONGEST_REASON)
    with pytest.raises(UsageError, match="reason is too long: 501 characters, and 500 are allowed"):
        check_reason("x" * (LONGEST_REASON + 1))


@pytest.mark.parametrize("mark", ["\x00", "\x1b[31m", "\x7f", "\x9b", "\u202e", "\u2028", "\u200b", "\ufeff", "\ud800"])
def test_what_cannot_be_shown_is_refused(mark: str) -> None:
    with pytest.raises(UsageError, match="thought_trace holds characters that cannot be shown"):
        check_thought(THOUGHT + mark, REASON)
    with pytest.raises(UsageError, match="reason holds characters that cannot be shown"):
        check_thought(THOUGHT, REASON + mark)


@pytest.mark.parametrize(
    "mark", ["\u00a0", "\u202f", "\u2014", "\u200d", "\U0001f469\u200d\U0001f4bb", "\u2019", "\u4e2d"]
)
def test_marks_that_people_and_models_write_are_taken(mark: str) -> None:
    check_thought(THOUGHT + mark, REASON + mark)
