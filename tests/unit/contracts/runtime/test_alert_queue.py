import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from petrosa_contracts import Alert, AlertSeverity
from petrosa_contracts.runtime.alert_queue import MOST_WAITING, AlertQueue
from tests.builders import NOW
from tests.fakes import settled


class AwayError(Exception):
    pass


class Line:
    """Where alerts go, which can be away; and what was logged meanwhile."""

    def __init__(self) -> None:
        self.up = True
        self.published: list[tuple[str, Alert]] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.alerts = AlertQueue(self._publish, unavailable=AwayError, log=self)

    async def _publish(self, subject: str, payload: bytes) -> None:
        if not self.up:
            raise AwayError("away")
        self.published.append((subject, Alert.model_validate_json(payload)))

    def info(self, event: str, **fields: Any) -> None:
        self.events.append((event, fields))

    warning = error = info

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.events if name == event]


def alert(message: str) -> Alert:
    severity, at = AlertSeverity.CRITICAL, NOW.replace(microsecond=0)
    return Alert.of("primal", "nurse", category="primal", severity=severity, message=message, at=at, cause=message)


def messages(line: Line) -> list[str]:
    return [told.message for _, told in line.published]


@pytest.fixture
async def line(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    """A line whose alerts are being published, without waits between attempts."""
    monkeypatch.setattr("petrosa_contracts.runtime.alert_queue.RETRY_SECONDS", (0.0,))
    line = Line()
    running = asyncio.create_task(line.alerts.run())
    yield line
    running.cancel()


async def test_an_alert_is_logged_and_published_on_its_own_subject(line: Line) -> None:
    line.alerts.tell(alert("a"))
    assert line.logged("alert") == [{"action": "primal", "about": "nurse", "message": "a"}]
    await settled()
    assert line.published == [("alerts.cio.primal.nurse", alert("a"))]


async def test_alerts_from_before_the_connection_stands_leave_once_it_does(line: Line) -> None:
    line.up = False
    line.alerts.tell(alert("a"))
    line.alerts.tell(alert("b"))
    await settled()
    assert line.published == []
    assert line.logged("alerts_postponed")[0] == {"waiting": 2, "reason": "away", "retry_in": 0.0}
    line.up = True
    await settled()
    assert messages(line) == ["a", "b"]


async def test_where_too_many_wait_the_oldest_are_dropped_and_logged() -> None:
    line = Line()
    for number in range(MOST_WAITING + 2):
        line.alerts.tell(alert(str(number)))
    assert [fields["key"] for fields in line.logged("alert_dropped")] == [alert(each).dedupe_key for each in ("0", "1")]
    running = asyncio.create_task(line.alerts.run())
    await settled()
    running.cancel()
    assert messages(line) == [str(number) for number in range(2, MOST_WAITING + 2)]
