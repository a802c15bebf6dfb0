from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from cio_nurse.service.readiness import Readiness
from tests.wiring import WiredGate


@dataclass
class FakeLine:
    listening: bool = True


@dataclass
class FakeCheck:
    passed: bool = True

    def facts(self) -> Mapping[str, Any]:
        return {"passed": self.passed}


def readiness_of(gate: WiredGate, *lines: FakeLine, check: FakeCheck | None = None) -> Readiness:
    return Readiness(
        lines=lines,
        heartbeat=gate.heartbeat,
        mirror=gate.mirror,
        inputs=gate.inputs,
        recording=gate.recording,
        primal=None,
        self_check=check or FakeCheck(),
    )


@pytest.mark.parametrize(
    ("lines", "is_ready"),
    [((True, True), True), ((False, True), False), ((True, False), False)],
    ids=["all", "no intents", "no pings"],
)
async def test_a_gate_is_ready_once_every_line_listens(lines: tuple[bool, ...], is_ready: bool) -> None:
    ready, facts = readiness_of(await WiredGate.started(), *map(FakeLine, lines)).now()
    assert (ready, facts["subscribed"]) == (is_ready, is_ready)


async def test_without_a_policy_it_is_not_ready() -> None:
    ready, facts = readiness_of(WiredGate(), FakeLine()).now()
    assert (ready, facts["policy_loaded"], facts["mode"]) == (False, False, "BLIND")


async def test_before_the_self_check_has_passed_it_is_not_ready() -> None:
    ready, facts = readiness_of(await WiredGate.started(), FakeLine(), check=FakeCheck(passed=False)).now()
    assert (ready, facts["self_check"]) == (False, {"passed": False})
