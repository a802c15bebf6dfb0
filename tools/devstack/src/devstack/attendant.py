"""Processes that notice, by themselves and at once, when the process that started them is gone."""

import os
import subprocess
import sys
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast


class Attendant:
    """One of the package's own programs, started with a pipe to its standard input that only this process holds.

    The kernel closes the pipe when this process ends, whatever ends it, and that tells the program. It runs in a
    session of its own, so that Ctrl-C in the terminal reaches this process alone and the order of leaving stays ours.
    """

    def __init__(
        self, program: str, *arguments: str, folder: Path, log: IO[bytes] | None = None, held_fds: Sequence[int] = ()
    ) -> None:
        script = Path(__file__).resolve().with_name(program)
        self._process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [sys.executable, "-I", "-S", str(script), *arguments],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=folder,
            env=_environment(),
            pass_fds=held_fds,
            start_new_session=True,
        )
        self._orders = cast("IO[bytes]", self._process.stdin)
        self._replies = cast("IO[bytes]", self._process.stdout)
        _attendants.add(self)

    @property
    def alive(self) -> bool:
        """Whether the program has not ended yet."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The program's exit code, or None while it lives."""
        return self._process.poll()

    @property
    def lifeline(self) -> int:
        """The descriptor of our end of the pipe, to be handed to others who shall keep the program alive too."""
        return self._orders.fileno()

    def read_reply(self) -> tuple[str, str]:
        """Wait for the program's next line and return its first word and the rest; both are empty when it has ended."""
        word, _, rest = self._replies.readline().decode(errors="replace").rstrip("\n").partition(" ")
        return word, rest

    def order(self, what: bytes) -> None:
        """Send one order; a program that has ended needs none."""
        with suppress(BrokenPipeError, ValueError):
            self._orders.write(what)

    def wait(self, seconds: float) -> bool:
        """Wait for the program's end, at most `seconds`; return whether it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return not self.alive

    def kill(self) -> None:
        """Send the program SIGKILL and wait for its end."""
        self._process.kill()
        self._process.wait()

    def let_go(self) -> None:
        """Close our end of the pipe: the program ends once nobody else holds it."""
        self._orders.close()

    def close(self) -> None:
        """Close both pipes."""
        self._orders.close()
        self._replies.close()


_attendants: weakref.WeakSet[Attendant] = weakref.WeakSet()


def _let_go_after_fork() -> None:
    # A forked child (multiprocessing's, say) that outlives its parent would otherwise keep the servers alive.
    for attendant in list(_attendants):
        attendant.let_go()


os.register_at_fork(after_in_child=_let_go_after_fork)


def _environment() -> dict[str, str]:
    # What tunes the caller's interpreter (warnings as errors, a path of its own) can stop a server written in Python.
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
