"""Running the process: the gateway and the projection, until told to stop."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog

from cio_strategist.adapters.bots import open_bots
from cio_strategist.adapters.clock import SystemClock
from cio_strategist.adapters.telemetry import Telemetry
from cio_strategist.bootstrap import Governance, open_governance
from cio_strategist.gateway.assembly import gateway_app
from cio_strategist.gateway.mcp_transports import run_stdio
from cio_strategist.gateway.server import HttpServer
from cio_strategist.gateway.services import Readiness, Services
from cio_strategist.service.fleet import Fleet
from cio_strategist.service.projection import Projector
from cio_strategist.service.write_limit import WriteLimit
from cio_strategist.settings import Settings

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Serve HTTP and MCP and keep Redis up to date, until SIGTERM or SIGINT. Raises `OSError` for a taken address."""
    telemetry = Telemetry()
    async with open_governance(settings, metrics=telemetry) as governance, _fleet(settings) as fleet:
        projector = governance.needed_authority.projector
        telemetry.watch_enforced(lambda: projector.is_up_to_date)
        services = _services(settings, governance)
        app = gateway_app(services, fleet, max_body_bytes=settings.max_body_bytes, registry=telemetry.registry)
        server = HttpServer(app, host=settings.http_host, port=settings.http_port)
        _log.info("http_listening", host=settings.http_host, port=server.port, version=app.version)
        _stop_on_signals(server)
        async with asyncio.TaskGroup() as tasks:
            projecting = tasks.create_task(projector.run())
            await server.serve()
            projecting.cancel()
        _log.info("stopped")


async def serve_stdio(settings: Settings) -> None:
    """Serve MCP on the standard streams until the input ends, speaking for whom the token of the settings does."""
    async with open_governance(settings) as governance, _fleet(settings) as fleet:
        token = None if settings.token is None else settings.token.get_secret_value()
        await run_stdio(_services(settings, governance), fleet=fleet, token=token)


def _services(settings: Settings, governance: Governance) -> Services:
    authority = governance.needed_authority
    return Services(
        manager=governance.manager,
        proposals=authority.proposals,
        control=governance.control,
        reader=authority.reader,
        tokens=authority.tokens,
        write_limit=WriteLimit(settings.writes_per_minute),
        readiness=lambda: _readiness(authority.projector),
    )


def _readiness(projector: Projector) -> Readiness:
    newest = projector.newest
    facts = {"message": "nothing was compared yet"} if newest is None else newest.model_dump(mode="json")
    return Readiness(ready=projector.is_up_to_date, facts=facts)


@asynccontextmanager
async def _fleet(settings: Settings) -> AsyncGenerator[Fleet]:
    async with open_bots(total_seconds=settings.bot_timeout_seconds) as bots:
        yield Fleet(settings.bots, bots, clock=SystemClock())


def _stop_on_signals(server: HttpServer) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
