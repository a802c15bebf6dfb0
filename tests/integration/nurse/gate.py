"""The gate, and what it has in common with other services: a process of its own, the way an operator runs it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, ClassVar, Self

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.nurse.polling import SECONDS, eventually, eventually_blocking

PROGRAMS = Path(sys.executable).parent

_PATIENT = {"NURSE_DECISION_DEADLINE_MS": "2000", "NURSE_AUDIT_DEADLINE_MS": "10000"}
PROMPT = {"NURSE_DECISION_DEADLINE_MS": "50", "NURSE_AUDIT_DEADLINE_MS": "100"}
"""What a gate has unless told otherwise, for tests that are about the deadlines."""

_OURS = ("NURSE_", "NATS_", "REDIS_", "OTEL_", "STRATEGIST_")


def environment_of(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child: this one's, without any setting of ours but those given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {**inherited, **settings}


class ServiceProcess:
    """One of our services. Its log is read by a thread, unless `reads_log` is false: then only up to the port."""

    program: ClassVar[str]
    arguments: ClassVar[tuple[str, ...]] = ()
    port_variable: ClassVar[str]
    start_seconds: ClassVar[float] = SECONDS

    def __init__(self, settings: Mapping[str, str], *, reads_log: bool = True) -> None:
        self.settings = {self.port_variable: "0", **settings}
        self._reads_log = reads_log
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._complaints: threading.Thread | None = None
        self._port = 0
        self.lines: list[str] = []
        self.complaints: list[str] = []

    def start(self) -> Self:
        """Launch the process and wait until it serves HTTP. What an earlier process logged is kept."""
        self._port = 0
        self._process = subprocess.Popen(
            [PROGRAMS / self.program, *self.arguments],
            env=environment_of(self.settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read_log, args=(self._process.stdout,), daemon=True)
        self._reader.start()
        self._complaints = threading.Thread(
            target=self._read, args=(self._process.stderr, self.complaints), daemon=True
        )
        self._complaints.start()
        eventually_blocking(
            lambda: self._port or not self.running, seconds=self.start_seconds, what=f"{self.program} names its port"
        )
        if not self.running:
            raise AssertionError(
                f"{self.program} ended with {self._process.returncode}: {self.lines} {self.complaints}"
            )
        return self

    def start_ready(self) -> Self:
        """Launch the process and wait until it is ready."""
        self.start()
        eventually_blocking(
            lambda: self.readiness()[0] == 200, seconds=self.start_seconds, what=f"{self.program} is ready"
        )
        return self

    @property
    def url(self) -> str:
        """Where its HTTP side is."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the process."""
        assert self._process is not None
        return self._process.pid

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal without waiting."""
        assert self._process is not None
        self._process.send_signal(number)

    def exit_code(self) -> int:
        """Wait for the end and return the exit code; the log is complete then."""
        assert self._process is not None
        code = self._process.wait(SECONDS)
        if self._reads_log and self._reader is not None:
            self._reader.join(5)
        if self._complaints is not None:
            self._complaints.join(5)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        return code

    def terminate(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.send_signal(signal.SIGTERM)
        return self.exit_code()

    def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        self.send_signal(signal.SIGKILL)
        self.exit_code()

    def close(self) -> None:
        """End the process, if it lives, and let go of its pipes."""
        if self.running:
            self.kill()
        elif self._process is not None:
            self.exit_code()

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the log lines so far, all or those of one event."""
        found = [json.loads(line) for line in list(self.lines)]
        return [event for event in found if name is None or event["event"] == name]

    async def logged(self, name: str, *, seconds: float = SECONDS, after: int = 0) -> dict[str, Any]:
        """Wait until more than `after` events of that name are in the log, and return the newest."""
        events = await eventually(
            lambda: (found := self.events(name)) and len(found) > after and found,
            seconds=seconds,
            what=f"{name} in the log",
        )
        return events[-1]

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of an HTTP page."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=SECONDS) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as page:
            with page:
                return page.code, page.read().decode()

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """Return the status of `/readyz` and its facts."""
        status, body = self.get("/readyz")
        return status, json.loads(body)

    def metrics(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Return every sample of `/metrics` by name and labels."""
        families = text_string_to_metric_families(self.get("/metrics")[1])
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    def metric(self, name: str, **labels: str) -> float:
        """Return one sample; 0 if it is not there yet, as a counter that never counted."""
        return self.metrics().get((name, frozenset(labels.items())), 0.0)

    def _read_log(self, stream: IO[str]) -> None:
        for line in stream:
            if not line.strip():
                continue
            self.lines.append(line)
            if self._port == 0:
                event = json.loads(line)
                if event["event"] == "http_listening":
                    self._port = event["port"]
                    if not self._reads_log:
                        return

    @staticmethod
    def _read(stream: IO[str], into: list[str]) -> None:
        into.extend(stream)


class Gate(ServiceProcess):
    """One `cio-nurse`, with a journal of its own: what gates before it left behind belongs to other tests.

    Its deadlines are long, so that a busy machine does not turn an approval into a late veto.
    """

    program = "cio-nurse"
    port_variable = "NURSE_HTTP_PORT"

    def __init__(self, settings: Mapping[str, str], *, reads_log: bool = True) -> None:
        self._journal = tempfile.TemporaryDirectory(prefix="cio-nurse-journal-")
        super().__init__({"NURSE_JOURNAL_FOLDER": self._journal.name, **_PATIENT, **settings}, reads_log=reads_log)

    def close(self) -> None:
        """End the process, if it lives, and remove its journal."""
        super().close()
        self._journal.cleanup()

    @property
    def mode(self) -> str:
        """The mode in force everywhere."""
        return self.readiness()[1]["mode"]

    async def in_mode(self, mode: str, *, seconds: float = SECONDS) -> None:
        """Wait until a mode is in force everywhere."""
        await eventually(lambda: self.mode == mode, seconds=seconds, what=f"mode {mode}")

    async def at_epoch(self, epoch: int) -> None:
        """Wait until the policy of an epoch is in force."""
        await eventually(lambda: (self.readiness()[1]["epoch"] or 0) >= epoch, what=f"epoch {epoch} in force")

    def verdicts(self) -> float:
        """Return how many verdicts the gate has given."""
        return sum(value for (name, _), value in self.metrics().items() if name == "cio_nurse_verdicts_total")
