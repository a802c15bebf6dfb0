"""Thought traces: the reasoning that a change must come with, and what counts as one."""

import re
import unicodedata

from cio_strategist.errors import UsageError

SHORTEST_THOUGHT = 40
"""Characters a thought trace has at least, blanks at the ends aside."""
LONGEST_THOUGHT = 8000
"""Characters a thought trace has at most."""
DISTINCT_WORDS = 8
"""Different words a thought trace has at least, so that a phrase said over and over is none."""
SHORTEST_REASON = 3
"""Characters a reason has at least, blanks at the ends aside."""
LONGEST_REASON = 500
"""Characters a reason has at most."""

_WORD = re.compile(r"[^\W_]+")

_UNSHOWABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of what changes how the text around it is shown, or shows nothing: controls, direction marks,
lone surrogates, unassigned characters, and line separators that split a log line."""
_PLAIN_BREAKS = "\n\t\r"
_JOINERS = "\u200c\u200d"
"""Format characters that some scripts and symbols are spelled with."""


def check_thought(thought_trace: str | None, reason: str | None) -> None:
    """Raise `UsageError`, saying what is missing, unless both say something that can be read later.

    A thought trace has `SHORTEST_THOUGHT` to `LONGEST_THOUGHT` characters and `DISTINCT_WORDS` different words, runs
    of letters and digits whatever their case. What holds for the reason, `check_reason` says.
    """
    check_reason(reason)
    check_trace(thought_trace)


def check_trace(thought_trace: str | None) -> None:
    """Raise `UsageError` unless `thought_trace` holds reasoning of substance, as `check_thought` has it."""
    thought = thought_trace or ""
    _check_text("thought_trace", thought, LONGEST_THOUGHT)
    words = {word.casefold() for word in _WORD.findall(thought)}
    if len(thought.strip()) < SHORTEST_THOUGHT or len(words) < DISTINCT_WORDS:
        raise UsageError(
            f"thought_trace must hold the reasoning in at least {SHORTEST_THOUGHT} characters and {DISTINCT_WORDS} "
            f"different words: what was observed, what it means, why this change answers it"
        )


def check_reason(reason: str | None) -> None:
    """Raise `UsageError` unless `reason` says something, in `SHORTEST_REASON` to `LONGEST_REASON` characters."""
    text = reason or ""
    _check_text("reason", text, LONGEST_REASON)
    if len(text.strip()) < SHORTEST_REASON:
        raise UsageError("reason must say in a few words why this is done, for whoever reads the history")


def _check_text(name: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise UsageError(f"{name} is too long: {len(text)} characters, and {longest} are allowed")
    if any(unicodedata.category(mark) in _UNSHOWABLE and mark not in _PLAIN_BREAKS + _JOINERS for mark in text):
        raise UsageError(f"{name} holds characters that cannot be shown: send plain text")
