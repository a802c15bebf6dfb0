"""Roles in one process: run together, told together, ended together."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from cio_strategist.adapters.telemetry.gateway import Telemetry
from cio_strategist.errors import RoleFailedError
from cio_strategist.gateway.readiness import Readiness
from cio_strategist.roles.active import ActiveRole, OpenRole
from cio_strategist.roles.role import Role
from cio_strategist.serving import serve
from cio_strategist.settings import Settings
from tests.integration.nurse.polling import eventually

SETTINGS = Settings(STRATEGIST_HTTP_PORT=0)


@pytest.fixture(autouse=True)
def _told(_quiet_log: None) -> None:
    """The log is told again."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))


class Part:
    """A role that does nothing but say that it is there."""

    def __init__(self, name: str, *, ready: bool = True) -> None:
        self.readiness = Readiness(ready=ready, facts={name: {"connected": ready}})
        self.running = False
        self.closed = False

    def opening(self, *more: Callable[[], Coroutine[Any, Any, None]]) -> OpenRole:
        @asynccontextmanager
        async def open_role(settings: Settings, telemetry: Telemetry) -> AsyncGenerator[ActiveRole]:
            yield ActiveRole(Role.GATEWAY, tasks=(self._run, *more), readiness=lambda: self.readiness)
            self.closed = True

        return open_role

    async def _run(self) -> None:
        self.running = True
        try:
            await asyncio.Event().wait()
        finally:
            self.running = False


async def port_of(log: list[Any]) -> int:
    await eventually(lambda: any(line["event"] == "http_listening" for line in log), what="the port is told")
    return next(line["port"] for line in log if line["event"] == "http_listening")


async def test_roles_without_doors_get_probes_that_tell_of_all_of_them_and_end_by_a_signal() -> None:
    one, other = Part("one"), Part("other", ready=False)
    with capture_logs() as log:
        serving = asyncio.create_task(serve(SETTINGS, [one.opening(), other.opening()]))
        address = f"http://127.0.0.1:{await port_of(log)}"
        async with httpx.AsyncClient(base_url=address) as client:
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()) == (
                503,
                {"one": {"connected": True}, "other": {"connected": False}, "ready": False},
            )
            other.readiness = Readiness(ready=True)
            assert (await client.get("/readyz")).status_code == 200
            assert (await client.get("/healthz")).json() == {"status": "alive"}
            assert (await client.get("/metrics")).status_code == 200
            assert (await client.get("/api/v1/config/trading")).status_code == 404
        assert one.running
        assert other.running
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(serving, 10)
    assert [part.running for part in (one, other)] == [False, False]
    assert one.closed
    assert other.closed


async def fails() -> None:
    raise ValueError("nobody expected this")


async def ends() -> None:
    return


@pytest.mark.parametrize(("task", "told"), [(fails, "nobody expected this"), (ends, "ended by itself")])
async def test_a_role_that_dies_ends_the_process_with_its_reason(
    task: Callable[[], Coroutine[Any, Any, None]], told: str
) -> None:
    sound = Part("sound")
    with capture_logs() as log, pytest.raises(RoleFailedError, match=told):
        await asyncio.wait_for(serve(SETTINGS, [sound.opening(), Part("dying").opening(task)]), 10)
    assert not sound.running
    assert [line["event"] for line in log if line["log_level"] == "error"] == ["role_failed"]
