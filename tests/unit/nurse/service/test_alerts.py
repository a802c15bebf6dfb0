import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from cio_nurse.service.alerts import MOST_WAITING, Alerts
from petrosa_contracts import Alert, AlertSeverity
from tests.builders import NOW
from tests.fakes import FakeTransport, settled


def alert(cause: str = "") -> Alert:
    return Alert.of(
        "primal",
        "nurse",
        category="primal",
        severity=AlertSeverity.CRITICAL,
        message=f"something is wrong {cause}",
        at=NOW,
        cause=cause,
    )


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
async def alerts(transport: FakeTransport) -> AsyncIterator[Alerts]:
    """Alerts that are being published."""
    alerts = Alerts(transport)
    running = asyncio.create_task(alerts.run())
    yield alerts
    running.cancel()


def causes(transport: FakeTransport) -> list[str]:
    return [json.loads(message.payload)["message"].rpartition(" ")[2] for message in transport.published]


async def test_an_alert_is_published_on_its_own_subject(alerts: Alerts, transport: FakeTransport) -> None:
    alerts.tell(alert())
    await settled()
    (message,) = transport.on("alerts.cio.primal.nurse")
    assert message.payload.decode() == alert().model_dump_json()


async def test_alerts_from_before_the_connection_stands_leave_once_it_does(
    alerts: Alerts, transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cio_nurse.service.alerts.RETRY_SECONDS", (0.0,))
    transport.disconnect()
    alerts.tell(alert("a"))
    alerts.tell(alert("b"))
    await settled()
    assert transport.published == []
    transport.connect()
    await settled()
    assert causes(transport) == ["a", "b"]


async def test_where_too_many_wait_the_oldest_are_dropped(transport: FakeTransport) -> None:
    alerts = Alerts(transport)
    for number in range(MOST_WAITING + 2):
        alerts.tell(alert(str(number)))
    running = asyncio.create_task(alerts.run())
    await settled()
    running.cancel()
    assert causes(transport) == [str(number) for number in range(2, MOST_WAITING + 2)]
