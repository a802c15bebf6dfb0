import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import devstack

GUARD = Path(devstack.__file__).with_name("_guard.py")
SLEEPING = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]


class Guarded:
    def __init__(self, *command: str, knock: int = 0, grace: float = 60) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", GUARD, str(grace), "", str(knock), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )

    def reply(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().rstrip()

    def order(self, what: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(what)

    def end(self) -> int:
        return self.process.wait(10)


@pytest.fixture
def guard() -> Iterator:
    made: list[Guarded] = []

    def make(*command: str, knock: int = 0, grace: float = 60) -> Guarded:
        made.append(Guarded(*command, knock=knock, grace=grace))
        return made[-1]

    yield make
    for guarded in made:
        guarded.process.communicate(timeout=10)


def test_the_exit_code_of_the_server_becomes_the_guards(guard) -> None:
    assert guard(sys.executable, "-I", "-S", "-c", "raise SystemExit(7)").end() == 7


def test_a_signal_that_killed_the_server_is_told_as_shells_do(guard) -> None:
    guarded = guard(*SLEEPING)
    guarded.order(b"k")
    assert guarded.end() == 128 + signal.SIGKILL


def test_the_end_of_the_lifeline_ends_the_server(guard) -> None:
    guarded = guard(*SLEEPING)
    guarded.process.stdin.close()
    guarded.process.stdin = None
    assert guarded.end() == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_to_the_guard_end_the_server(guard, number: signal.Signals) -> None:
    guarded = guard(*SLEEPING)
    assert guarded.reply().startswith("pid ")
    guarded.process.send_signal(number)
    assert guarded.end() == 128 + signal.SIGTERM


def test_a_server_that_waits_for_one_more_connection_gets_it(guard) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    waits = """
import signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", file=sys.stderr, flush=True)
listener.accept()
"""
    guarded = guard(sys.executable, "-I", "-S", "-c", waits, str(port), knock=port)
    assert guarded.process.stderr.readline() == b"ready\n"
    guarded.order(b"t")
    assert guarded.end() == 0


def test_a_program_that_cannot_be_run_is_reported(guard) -> None:
    guarded = guard("/nowhere/at/all")
    assert guarded.reply().startswith("error ")
    assert guarded.end() == 127


def test_pausing_and_resuming_are_confirmed(guard) -> None:
    guarded = guard(*SLEEPING)
    assert guarded.reply().startswith("pid ")
    guarded.order(b"sc")
    assert [guarded.reply(), guarded.reply()] == ["done", "done"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
def test_the_server_dies_with_a_guard_that_is_killed(guard) -> None:
    guarded = guard(*SLEEPING)
    pid = int(guarded.reply().removeprefix("pid "))
    watched = os.pidfd_open(pid)
    guarded.process.kill()
    ended, _, _ = select.select([watched], [], [], 10)
    os.close(watched)
    assert ended
