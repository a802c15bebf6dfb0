"""Everything that runs during the measurements: servers, gate, responders, consumer and load generators."""

import contextlib
import os
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.gate import Gate, write_policy
from bench.processes import Child, cpu_time, on_core
from bench.responders import RELAYED
from devstack import DevStack
from devstack.ports import LOOPBACK
from petrosa_contracts import subjects


class PinningError(RuntimeError):
    """Processes cannot be pinned here."""


@dataclass(frozen=True, slots=True)
class Testbed:
    """The running processes. `load` makes the load; `probe` asks for heartbeats beside it."""

    load: Child
    probe: Child
    pids: Mapping[str, int]
    """Process ids of what answers: echo, relay, durable and gate."""
    nats_url: str
    redis_url: str
    folder: Path
    """Where more servers may have their files; it goes with the testbed."""

    def run(self, job: str, target: str, kind: str, **details: Any) -> dict[str, Any]:
        """Have the load generator do a job against one target.

        Adds `cpu_us`, the CPU time that the target used per request in microseconds, and `starved`, the share of the
        time (0 to 1 per thread) that it could have run but got no core. Both are None where that is not known.
        """
        pid = self.pids[target]
        before, began = cpu_time(pid), time.perf_counter()
        self.load.begin({"job": job, "targets": [target], "kind": kind, **details})
        result = self.load.result()
        after, took = cpu_time(pid), time.perf_counter() - began
        result["cpu_us"] = result["starved"] = None
        if before is not None and after is not None and result["answered"]:
            result["cpu_us"] = (after.ran - before.ran) * 1e6 / result["answered"]
            result["starved"] = (after.waited - before.waited) / took
        return result


@contextlib.contextmanager
def running_testbed(*, pin: bool) -> Generator[Testbed]:
    """Start everything, and end it when the block does.

    With `pin`, what answers runs on one core and all else on another. Raises `PinningError` where that cannot be done.
    """
    answering, other = _two_cores() if pin else (None, None)
    with contextlib.ExitStack() as started:
        with on_core(other):
            stack = started.enter_context(DevStack(mongo=False))
            nats_url, redis_url = stack.nats.url, stack.redis.url
            write_policy(redis_url)
            watched = [LOOPBACK, str(stack.nats.port), subjects.SIGNALS, RELAYED]
            started.enter_context(Child("bench.consumer", *watched))
            started.enter_context(Child("bench.inputs", redis_url))
            load = started.enter_context(Child("bench.load", nats_url))
            probe = started.enter_context(Child("bench.load", nats_url))
        with on_core(answering):
            echo = started.enter_context(Child("bench.responders", "echo", nats_url))
            relay = started.enter_context(Child("bench.responders", "relay", nats_url))
            durable = started.enter_context(Child("bench.responders", "durable", nats_url))
            gate = Gate(stack.folder / "gate", nats_url=nats_url, redis_url=redis_url)
            started.callback(gate.release_ports)
            started.enter_context(gate)
        pids = {"echo": echo.pid, "relay": relay.pid, "durable": durable.pid, "gate": gate.pid}
        yield Testbed(load, probe, pids, nats_url, redis_url, stack.folder)


def warm_up(bed: Testbed, seconds: float) -> None:
    """Send some of everything, so that no window is the first of its kind."""
    for target in ("echo", "relay", "durable", "gate"):
        bed.run("paced", target, "mixed", rate=500, seconds=seconds / 4)
    time.sleep(0.2)


def _two_cores() -> tuple[int, int]:
    if not hasattr(os, "sched_getaffinity"):
        raise PinningError("this system has no way to pin processes: run without --pin")
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise PinningError("pinning needs two cores: run without --pin")
    return cores[0], cores[1]
