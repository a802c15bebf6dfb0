"""How a command talks to the person, or to the script, that started it."""

import getpass
import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Console:
    """How a command talks: `say` shows progress, `show` the outcome, `ask` takes a line, `ask_secret` hides it.

    `ask` returns None when nobody can answer. None of them raises because whoever listened is gone.
    """

    say: Callable[[str], None]
    show: Callable[[str], None]
    ask: Callable[[str], str | None]
    ask_secret: Callable[[str], str]


def standard_console() -> Console:
    """Return the real one: outcome on standard output, everything else on standard error."""

    def ask(question: str) -> str | None:
        _write(question, sys.stderr, end="")
        line = sys.stdin.readline() if sys.stdin is not None else ""  # pyright: ignore[reportUnnecessaryComparison]
        return line.strip() if line else None

    return Console(
        say=lambda text: _write(text, sys.stderr),
        show=lambda text: _write(text, sys.stdout),
        ask=ask,
        ask_secret=lambda question: getpass.getpass(question) if _at_a_terminal() else ask("") or "",
    )


@contextmanager
def outliving_the_terminal() -> Generator[None]:
    """Go on when the terminal or the connection to it is closed: what was confirmed is to be carried out."""
    if not hasattr(signal, "SIGHUP"):
        yield
        return
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def prepare_process() -> None:
    """Let SIGTERM interrupt as Ctrl-C does, and let no letter that the terminal lacks end the run."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _at_a_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()  # pyright: ignore[reportUnnecessaryComparison]


def _write(text: str, stream: TextIO, end: str = "\n") -> None:
    try:
        print(text, end=end, file=stream, flush=True)
    except OSError:
        # Nobody reads any more. What is written from now on, and what Python still holds back, goes nowhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
