"""Runs one server for exactly as long as the process that asked for it lives.

A program of its own, standard library only: `python -I -S _guard.py GRACE HELD KNOCK COMMAND...`. GRACE is the time in
seconds that the server has to end after SIGTERM; HELD are inherited file descriptors, separated by commas, that the
server inherits in turn; KNOCK is the port of a server that sees only with its next connection that it is to end, or 0.

Standard input is the lifeline. Its end, however it comes about, means that the starter is gone and the server must go.
Before that, single bytes are orders: `t` end gracefully, `k` end at once, `s` suspend, `c` continue.
Standard output says `pid N` or `error WHY` first, then `done` after each `s` and `c`.
Standard error is the log; the server writes there too.
The guard ends when its server has ended, with the server's exit code, or 128 + the signal that killed it.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

LIFELINE = 0
REPLIES = 1
LOG = 2
CANNOT_EXECUTE = 127
KILLED_BY_SIGNAL = 128
PR_SET_PDEATHSIG = 1
CHUNK = 64
KNOCK_INTERVAL = 0.1


def main(arguments: list[str]) -> int:
    """Run the server named in `arguments` to its end, and return its exit code."""
    grace, held, knock, command = float(arguments[0]), arguments[1], int(arguments[2]), arguments[3:]
    wake_up = _wake_up_on_signals()
    try:
        server = subprocess.Popen(  # noqa: S603 - the command is what this program is for
            command,
            stdin=subprocess.DEVNULL,
            stdout=LOG,
            stderr=LOG,
            pass_fds=[int(number) for number in held.split(",") if number],
            preexec_fn=_tie_to_this_process(),  # noqa: PLW1509 - the guard has one thread
        )
    except OSError as error:
        _reply(f"error {error}")
        return CANNOT_EXECUTE
    _reply(f"pid {server.pid}")
    Watch(server, wake_up=wake_up, grace=grace, knock=knock).run()
    return server.returncode if server.returncode >= 0 else KILLED_BY_SIGNAL - server.returncode


class Watch:
    """Obeys orders and signals until the server has ended."""

    def __init__(self, server: "subprocess.Popen[bytes]", *, wake_up: int, grace: float, knock: int) -> None:
        self._server = server
        self._wake_up = wake_up
        self._grace = grace
        self._knock_port = knock
        self._sources = [LIFELINE, wake_up]
        self._deadline: float | None = None
        self._next_knock = 0.0

    def run(self) -> None:
        """Return when the server has ended, whoever ended it."""
        while self._server.poll() is None:
            ready, _, _ = select.select(self._sources, [], [], self._patience())
            if self._wake_up in ready:
                self._heed_signals(os.read(self._wake_up, CHUNK))
            if LIFELINE in ready:
                self._obey(os.read(LIFELINE, CHUNK))
            if self._deadline is not None:
                self._press(self._deadline)

    def _patience(self) -> float | None:
        if self._deadline is None:
            return None
        remaining = max(0.01, self._deadline - time.monotonic())
        return min(remaining, KNOCK_INTERVAL) if self._knock_port else remaining

    def _press(self, deadline: float) -> None:
        if time.monotonic() >= deadline:
            self._server.kill()
        elif self._knock_port and time.monotonic() >= self._next_knock:
            self._next_knock = time.monotonic() + KNOCK_INTERVAL
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self._knock_port), timeout=KNOCK_INTERVAL).close()

    def _heed_signals(self, numbers: bytes) -> None:
        if {signal.SIGTERM, signal.SIGHUP, signal.SIGINT} & set(numbers):
            self._end()

    def _obey(self, orders: bytes) -> None:
        if not orders:
            self._sources.remove(LIFELINE)
            self._end()
        for order in orders:
            match bytes([order]):
                case b"t":
                    self._end()
                case b"k":
                    self._server.kill()
                case b"s":
                    self._server.send_signal(signal.SIGSTOP)
                    _reply("done")
                case b"c":
                    self._server.send_signal(signal.SIGCONT)
                    _reply("done")
                case _:
                    pass

    def _end(self) -> None:
        self._server.terminate()
        # A suspended process takes note of SIGTERM only once it continues.
        self._server.send_signal(signal.SIGCONT)
        if self._deadline is None:
            self._deadline = time.monotonic() + self._grace
            # Not at once: a thread that the server makes for the connection can catch the signal in the main thread's
            # place, and a Python server then sleeps on without having noticed it.
            self._next_knock = time.monotonic() + KNOCK_INTERVAL


def _wake_up_on_signals() -> int:
    """Return a descriptor that yields the number of each signal that matters here."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        # A function rather than SIG_IGN, which the server would inherit.
        signal.signal(number, _note)
    return reader


def _note(_number: int, _frame: FrameType | None) -> None:
    return


def _tie_to_this_process() -> Callable[[], None] | None:
    """Return what the server does before it executes, so that it dies even if the guard is killed (Linux only)."""
    if sys.platform != "linux":
        return None
    import ctypes  # noqa: PLC0415 - other platforms need not have it

    libc = ctypes.CDLL(None)
    guard = os.getpid()

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(CANNOT_EXECUTE)

    return tie


def _reply(line: str) -> None:
    with suppress(BrokenPipeError):
        os.write(REPLIES, f"{line}\n".encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
