"""What `devstack up` does while the servers run: wait for the end, or run a command."""

import os
import signal
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from types import FrameType

from devstack.server import Server
from devstack.stack import DevStack

_LOOK_INTERVAL = 0.25
_KILLED_BY_SIGNAL = 128


@contextmanager
def sigterm_as_interrupt() -> Generator[None]:
    """Within this context SIGTERM raises KeyboardInterrupt, so that both end the servers in order."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def wait_for_a_death(stack: DevStack) -> Server:
    """Wait until a server has died by itself, and return it; KeyboardInterrupt is how this ends otherwise."""
    while True:
        for server in stack.servers:
            if not server.running:
                return server
        time.sleep(_LOOK_INTERVAL)


def run(command: Sequence[str], environment: dict[str, str]) -> int:
    """Run a command with these variables added, and return its exit code (128 + the signal that killed it).

    SIGTERM is passed on to the command. Ctrl-C reaches it from the terminal, and here only means to wait for its end.
    Raises OSError when the command cannot be executed.
    """
    relay = _Relay()
    before = {number: signal.signal(number, relay) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with subprocess.Popen(command, env={**os.environ, **environment}) as child:  # noqa: S603 - it is the user's own
            relay.attach(child)
            code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else _KILLED_BY_SIGNAL - code


class _Relay:
    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._end_wanted = False

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            self._end_wanted = True
            if self._child is not None:
                self._child.terminate()

    def attach(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        if self._end_wanted:
            child.terminate()
