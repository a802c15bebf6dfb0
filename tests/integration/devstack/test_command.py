import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.devstack.processes import eventually, is_gone

pytestmark = pytest.mark.servers

SECONDS = 60
"""Generous: the machine may be busy. Nothing waits that long when all is well."""

DEVSTACK = [sys.executable, "-m", "devstack"]


@pytest.fixture(autouse=True)
def _heeds_interruptions() -> Iterator[None]:
    """Tests that run in the background ignore interruptions, and children would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextmanager
def start(*arguments: str, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run the command; it does not outlive the block, whatever fails there."""
    with subprocess.Popen(
        [*DEVSTACK, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_command_finds_the_addresses_and_its_exit_code_is_passed_on() -> None:
    program = "import os, sys; print(os.environ['NATS_URL'], os.environ['REDIS_URL']); sys.exit(7)"
    with start("up", "--no-mongo", "--", sys.executable, "-c", program) as process:
        output, errors = process.communicate(timeout=SECONDS)
    assert re.fullmatch(r"nats://127\.0\.0\.1:\d+ redis://127\.0\.0\.1:\d+/0\n", output)
    assert process.returncode == 7
    assert errors == ""


def test_sigterm_is_passed_on_to_the_command() -> None:
    program = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    with start("up", "--no-mongo", "--no-nats", "--", sys.executable, "-c", program) as process:
        assert process.stdout is not None
        command = int(process.stdout.readline())
        process.terminate()
        assert process.wait(SECONDS) == 128 + signal.SIGTERM
        assert is_gone(command)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_up_prints_export_lines_and_stays_until_it_is_told_to_end(number: signal.Signals) -> None:
    with start("up", "--no-mongo") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline(), process.stdout.readline()]
        assert re.fullmatch(r"export NATS_URL=nats://127\.0\.0\.1:\d+\n", lines[0])
        assert re.fullmatch(r"export REDIS_URL=redis://127\.0\.0\.1:\d+/0\n", lines[1])
        process.send_signal(number)
        output, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, output, errors) == (0, "", "")


def test_an_interruption_while_starting_leaves_nothing(tmp_path: Path) -> None:
    with start("up", "--no-redis", "--no-mongo", environment={"TMPDIR": str(tmp_path)}) as process:
        assert eventually(lambda: any(tmp_path.iterdir()))
        process.terminate()
        _, errors = process.communicate(timeout=SECONDS)
    # On a fast machine the server is ready before the signal comes, and then this is how to end it.
    assert (process.returncode, errors) in {(1, "devstack: interrupted\n"), (0, "")}
    assert eventually(lambda: not any(tmp_path.iterdir()))


def test_up_with_json_tells_all_about_the_servers() -> None:
    with start("up", "--json", "--no-nats") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert set(told["environment"]) == {"REDIS_URL", "MONGODB_URI"}
        assert set(told["servers"]) == {"redis", "mongo"}
        assert told["servers"]["redis"]["url"] == told["environment"]["REDIS_URL"]
        assert Path(told["servers"]["mongo"]["log"]).is_relative_to(told["folder"])
        process.terminate()
        assert process.wait(SECONDS) == 0
        assert all(is_gone(server["pid"]) for server in told["servers"].values())
        assert not Path(told["folder"]).exists()


def test_the_exchange_starts_only_when_it_is_asked_for() -> None:
    program = "import os; print(os.environ['EXCHANGE_URL'])"
    arguments = ["up", "--no-nats", "--no-redis", "--no-mongo"]
    with start(*arguments, "--exchange", "--exchange-seed", "5", "--", sys.executable, "-c", program) as done:
        output, errors = done.communicate(timeout=SECONDS)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+\n", output)
    assert (done.returncode, errors) == (0, "")


def test_up_says_when_a_server_has_died_and_fails() -> None:
    with start("up", "--no-mongo", "--json") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        os.kill(told["servers"]["redis"]["pid"], signal.SIGKILL)
        _, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 1
        assert "redis has ended by itself" in errors
        assert "Ready to accept connections" in errors
        assert eventually(lambda: not Path(told["folder"]).exists())


def test_check_reports_versions_and_start_times() -> None:
    done = subprocess.run([*DEVSTACK, "check"], check=False, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0
    for name in ("nats", "redis", "mongo", "exchange"):
        assert re.search(rf"{name}\W+\d+\.\d+\.\d+\W+\d+\W+answers", done.stdout)
