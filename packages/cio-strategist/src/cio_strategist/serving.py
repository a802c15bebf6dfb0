"""Running the process: its roles and one HTTP server, until told to stop."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from importlib.metadata import version
from typing import Any

import structlog

from cio_strategist.adapters.telemetry.gateway import Telemetry
from cio_strategist.errors import RoleFailedError
from cio_strategist.gateway.probe_app import probe_app
from cio_strategist.gateway.server import HttpServer
from cio_strategist.roles.active import ActiveRole, OpenRole, readiness_of
from cio_strategist.roles.role import Role
from cio_strategist.settings import Settings

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


def opener_of(role: Role) -> OpenRole:
    """Return what opens a role, and import what it needs: a process has nothing of the roles that it does not play."""
    match role:
        case Role.GATEWAY:
            from cio_strategist.roles.gateway import open_gateway as opener
        case Role.FEED:
            from cio_strategist.roles.feed import open_feed as opener
        case Role.TRACKER:
            from cio_strategist.roles.tracker import open_tracker as opener
        case Role.RECORDER:
            from cio_strategist.roles.recorder import open_recorder as opener
    return opener


async def serve(settings: Settings, roles: Sequence[OpenRole]) -> None:
    """Run every role and serve HTTP, until SIGTERM or SIGINT.

    Raises `OSError` for a taken address, and `RoleFailedError` when a role ended by itself: then all others end too.
    """
    telemetry = Telemetry()
    async with AsyncExitStack() as stack:
        active = [await stack.enter_async_context(open_role(settings, telemetry)) for open_role in roles]
        server = _server(settings, telemetry, active)
        _log.info(
            "http_listening",
            host=settings.http_host,
            port=server.port,
            version=version("cio-strategist"),
            roles=[one.role for one in active],
        )
        _stop_on_signals(server)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_endless(one.role, run)) for one in active for run in one.tasks]
                await server.serve()
                for task in tasks:
                    task.cancel()
        except ExceptionGroup as errors:
            failed = errors.subgroup(RoleFailedError)
            raise (failed or errors).exceptions[0] from errors
        _log.info("stopped")


async def serve_stdio(settings: Settings) -> None:
    """Serve MCP on the standard streams until the input ends, speaking for whom the token of the settings does."""
    from cio_strategist.gateway.mcp.transports import run_stdio
    from cio_strategist.roles.gateway import open_services

    async with open_services(settings) as (services, fleet):
        token = None if settings.token is None else settings.token.get_secret_value()
        await run_stdio(services, fleet=fleet, token=token)


def _server(settings: Settings, telemetry: Telemetry, active: Sequence[ActiveRole]) -> HttpServer:
    for one in active:
        if one.open_doors is not None:
            return one.open_doors(lambda: readiness_of(active))
    app = probe_app(lambda: readiness_of(active), registry=telemetry.registry)
    return HttpServer(app, host=settings.http_host, port=settings.http_port)


async def _endless(role: Role, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
    try:
        await run()
    except Exception as error:
        _log.exception("role_failed", role=role)
        raise RoleFailedError(f"the role {role} failed, so the process ends: {error!r}") from error
    _log.error("role_failed", role=role, error="a task of it ended by itself")
    raise RoleFailedError(f"a task of the role {role} ended by itself, so the process ends")


def _stop_on_signals(server: HttpServer) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
