"""Child processes of the benchmark, and which core they run on."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self, cast

REPOSITORY = Path(__file__).resolve().parents[1]
_GRACE_SECONDS = 5.0


class ChildEndedError(RuntimeError):
    """A child process ended before its time; its own words are on standard error."""


class Child:
    """One of the benchmark's own programs. It ends when its standard input does, however this process may end."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=REPOSITORY,
            start_new_session=True,
        )
        self._input = cast("IO[bytes]", self._process.stdin)
        self._output = cast("IO[bytes]", self._process.stdout)

    def __enter__(self) -> Self:
        self._read_line()
        return self

    def __exit__(self, *reason: object) -> None:
        self._input.close()
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def begin(self, job: Mapping[str, Any]) -> None:
        """Give it a job; `result` waits for the answer."""
        self._input.write(json.dumps(job).encode() + b"\n")
        self._input.flush()

    def result(self) -> dict[str, Any]:
        """Wait for the answer to the last job. Raises `ChildEndedError`."""
        return json.loads(self._read_line())

    def _read_line(self) -> bytes:
        line = self._output.readline()
        if not line:
            raise ChildEndedError(f"{self._module} ended by itself")
        return line


@contextlib.contextmanager
def on_core(core: int | None) -> Generator[None]:
    """Have the processes that are started in this block run on one core only; None leaves it to the system."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True)
class CpuTime:
    """What a process has had of the cores so far, in seconds: time it ran, and time it could have run but waited."""

    ran: float
    waited: float


def cpu_time(pid: int) -> CpuTime | None:
    """Return the CPU time of all threads of a process; None where `/proc` does not tell."""
    ran = waited = 0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            nanoseconds = (task / "schedstat").read_text().split()
            ran += int(nanoseconds[0])
            waited += int(nanoseconds[1])
    except OSError:
        return None
    return CpuTime(ran / 1e9, waited / 1e9)
