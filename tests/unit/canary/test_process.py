"""What happens to the process: interrupted, without a terminal, without a reader, on a full disk, started twice."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from canary.clock import SystemClock
from canary.simulator.book import Book
from canary.simulator.exchange import SimulatedExchange
from canary.simulator.faults import Turn
from canary.simulator.server import SimulatorServer
from tests.canary_accounts import CREDENTIALS, JumpingClock, WatchedBook, book, close_all, exchange_of, rest

ORDER = ("POST", "/fapi/v1/order")
CONSENT = ("--yes", "--i-understand")


@pytest.fixture
def account() -> WatchedBook:
    plain = book({(f"COIN{number}USDT", "BOTH"): "35" for number in range(12)})
    account = WatchedBook(plain.hedge, plain.symbols, plain.positions)
    rest(account, "BTCUSDT", "-9", conditional=True)
    return account


@pytest.fixture
def exchange(account: Book) -> SimulatedExchange:
    return SimulatedExchange(account, CREDENTIALS, SystemClock(), latency=0.02)


@pytest.fixture
def environment(exchange: SimulatedExchange, tmp_path: Path) -> Iterator[dict[str, str]]:
    with SimulatorServer(exchange) as server:
        yield {
            "PATH": os.environ["PATH"],
            "CANARY_API_KEY": CREDENTIALS.key,
            "CANARY_API_SECRET": CREDENTIALS.secret,
            "CANARY_BASE_URL": server.url,
            "CANARY_HOME": str(tmp_path / "home"),
        }


HEEDING = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("canary", run_name="__main__", alter_sys=True)
"""
"""The program as begun from a keyboard: a shell that runs tests in the background has all of them ignore Ctrl-C."""


@contextmanager
def canary(
    environment: dict[str, str], *arguments: str, stdin: int | None = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HEEDING, *arguments]
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def at_the_third_order(exchange: SimulatedExchange) -> threading.Event:
    """An event that is set in the middle of the run, while every further answer takes longer."""
    reached = threading.Event()
    exchange.turns.append(Turn(*ORDER, lambda _: reached.set(), count=3))
    return reached


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle_it_sends_nothing_more_and_says_what_is_left(
    number: signal.Signals,
    exchange: SimulatedExchange,
    account: WatchedBook,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    reached = at_the_third_order(exchange)
    report = tmp_path / "report.json"
    with canary(environment, "close-all", *CONSENT, "--report", str(report)) as process:
        assert reached.wait(30)
        process.send_signal(number)
        said, progress = process.communicate(timeout=30)
    content = json.loads(report.read_text())
    assert process.returncode == content["exit_code"] == 3
    assert "Interrupted" in progress
    assert "NOT FLAT" in said
    assert "Ended because: interrupted." in said
    left = {row["symbol"]: Decimal(row["left"]) for row in content["positions"] if row["state"] == "open"}
    assert left == {symbol: amount for (symbol, _), amount in account.open_positions().items()}
    assert left
    assert {row["why"] for row in content["positions"] if row["state"] == "open"} == {
        "the run ended before it was closed"
    }
    orders = [call for call in exchange.calls if call[:2] == ORDER]
    assert len(orders) < 12 * 4
    assert account.grown == []


def test_interrupted_before_anything_was_confirmed_nothing_is_changed(
    exchange: SimulatedExchange, account: Book, environment: dict[str, str]
) -> None:
    with canary(environment, "close-all", stdin=subprocess.PIPE) as process:
        assert process.stderr is not None
        for _ in range(100):
            if "type exactly" in process.stderr.read(1) + process.stderr.readline():
                break
        process.send_signal(signal.SIGINT)
        _, progress = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Nothing was changed" in progress
    assert len(account.open_positions()) == 12
    assert {method for method, _, _ in exchange.calls} == {"GET"}


def test_a_terminal_that_is_closed_in_the_middle_does_not_end_it(
    exchange: SimulatedExchange, account: Book, environment: dict[str, str]
) -> None:
    reached = at_the_third_order(exchange)
    with canary(environment, "close-all", *CONSENT) as process:
        assert reached.wait(30)
        process.send_signal(signal.SIGHUP)
        assert process.wait(30) == 0
    assert not account.open_positions()


def test_nobody_reading_the_output_does_not_keep_anything_open(account: Book, environment: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "canary", "close-all", *CONSENT]
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, check=False, timeout=60
        )
    finally:
        os.close(writing)
    assert done.returncode == 0
    assert not account.open_positions()


@pytest.mark.parametrize("consent", [(), CONSENT])
def test_without_any_standard_stream_it_does_as_it_was_told(
    consent: tuple[str, ...], account: Book, environment: dict[str, str]
) -> None:
    words = " ".join([sys.executable, "-m", "canary", "close-all", *consent])
    done = subprocess.run(["/bin/sh", "-c", f"exec {words} <&- >&- 2>&-"], env=environment, check=False, timeout=60)
    assert done.returncode == (0 if consent else 1)
    assert len(account.open_positions()) == (0 if consent else 12)


def test_letters_that_the_terminal_lacks_do_not_end_it(account: Book, environment: dict[str, str]) -> None:
    account.symbols["币安USDT"] = account.symbols["COIN0USDT"]
    account.positions["币安USDT", "BOTH"] = Decimal(2)
    environment |= {"PYTHONIOENCODING": "ascii"}
    with canary(environment, "close-all", *CONSENT) as process:
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert not account.open_positions()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_does_not_keep_anything_open(account: Book, environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "canary.log").symlink_to("/dev/full")
    with canary(environment, "close-all", *CONSENT, "--report", "/dev/full") as process:
        said, progress = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "cannot be written" in progress
    assert "The report cannot be written" in progress
    assert "FLAT" in said
    assert not account.open_positions()


def test_two_runs_at_once_are_harmless() -> None:
    clock = JumpingClock()
    plain = book(
        {
            (f"COIN{number}USDT", side): amount
            for number in range(4)
            for side, amount in (("LONG", "25"), ("SHORT", "-9"))
        },
        hedge=True,
    )
    account = WatchedBook(plain.hedge, plain.symbols, plain.positions)
    exchange = exchange_of(account, clock)
    verdicts: list[str] = []
    runs = [
        threading.Thread(target=lambda: verdicts.append(close_all(exchange, clock).result.verdict.value))
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert verdicts == ["flat", "flat"]
    assert not account.open_positions()
    assert account.grown == []
