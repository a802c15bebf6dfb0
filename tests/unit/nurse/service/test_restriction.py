"""What the gate tells when it lets less pass by itself."""

import pytest

from cio_nurse.service.restriction import LASTS_SECONDS, Restriction
from petrosa_contracts import Alert, AlertSeverity, Mode
from tests.builders import control_entry, stored_control
from tests.wiring import WiredGate

LOOK = 0.5


class Watched:
    """A gate, and what it tells of its restrictions."""

    def __init__(self, gate: WiredGate) -> None:
        self.gate = gate
        self.alerts: list[Alert] = []
        self.restriction = Restriction(
            mode=gate.mode,
            recording=gate.recording,
            tell=self.alerts.append,
            clock=gate.clock,
            instance="nurse-1",
        )

    async def passes(self, seconds: float) -> None:
        """Let time pass as the gate does: it asks the store and looks."""
        for _ in range(round(seconds / LOOK)):
            self.gate.clock.jump(LOOK)
            await self.gate.mirror.refresh()
            self.restriction.note()

    @property
    def told(self) -> list[tuple[AlertSeverity, str]]:
        return [(alert.severity, alert.message) for alert in self.alerts]


@pytest.fixture
async def watched() -> Watched:
    watched = Watched(await WiredGate.started())
    await watched.passes(LOOK)
    return watched


async def test_a_store_that_is_away_is_told_once_and_that_it_is_back_once(watched: Watched) -> None:
    watched.gate.world.stop()
    await watched.passes(60)
    watched.gate.world.recover()
    await watched.passes(60)
    assert watched.told == [
        (AlertSeverity.CRITICAL, "nurse-1 is CONSERVATIVE: Redis is away"),
        (AlertSeverity.INFO, "nurse-1 is no longer CONSERVATIVE"),
    ]
    assert {alert.subject for alert in watched.alerts} == {"alerts.cio.restricted.nurse"}
    assert len({alert.dedupe_key for alert in watched.alerts}) == 2


async def test_what_comes_and_goes_is_not_told_each_time(watched: Watched) -> None:
    for _ in range(20):
        watched.gate.world.stop()
        await watched.passes(LASTS_SECONDS - LOOK)
        watched.gate.world.recover()
        await watched.passes(LASTS_SECONDS - LOOK)
    assert watched.told == []


async def test_an_end_that_does_not_last_is_none(watched: Watched) -> None:
    watched.gate.world.stop()
    await watched.passes(10)
    for _ in range(20):
        watched.gate.world.recover()
        await watched.passes(LASTS_SECONDS - LOOK)
        watched.gate.world.stop()
        await watched.passes(LASTS_SECONDS - LOOK)
    assert [severity for severity, _ in watched.told] == [AlertSeverity.CRITICAL]


async def test_that_it_becomes_worse_is_told_too(watched: Watched) -> None:
    watched.gate.world.stop()
    await watched.passes(10)
    watched.gate.clock.jump(3600)
    await watched.passes(10)
    assert [message.split(":")[0] for _, message in watched.told] == ["nurse-1 is CONSERVATIVE", "nurse-1 is BLIND"]


async def test_records_that_are_not_kept_are_told(watched: Watched) -> None:
    watched.gate.transport.stream = "refuses"
    await watched.gate.decide_one()
    await watched.passes(10)
    watched.gate.transport.stream = "keeps"
    await watched.gate.decide_one(confidence=0.1)
    await watched.passes(10)
    assert watched.told == [
        (AlertSeverity.CRITICAL, "nurse-1 is AUDIT_UNAVAILABLE: records of decisions are not kept"),
        (AlertSeverity.INFO, "nurse-1 is no longer AUDIT_UNAVAILABLE"),
    ]


async def test_a_gate_that_starts_without_policy_tells_so_after_a_while_and_not_before() -> None:
    watched = Watched(WiredGate())
    await watched.passes(LASTS_SECONDS)
    assert watched.told == []
    await watched.passes(LOOK)
    assert watched.told == [
        (AlertSeverity.CRITICAL, "nurse-1 is BLIND: policy was never loaded, no policy was ever written")
    ]


async def test_what_somebody_has_set_is_no_news() -> None:
    halted = stored_control(**{"global": control_entry(Mode.HALTED)})
    watched = Watched(await WiredGate.started(control=halted))
    await watched.passes(60)
    assert watched.gate.mode.now() is Mode.HALTED
    assert watched.told == []
