"""The role that owns policy: its doors, and the projection to Redis."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import structlog

from cio_strategist.adapters.bots import open_bots
from cio_strategist.adapters.clock import SystemClock
from cio_strategist.adapters.telemetry.gateway import Telemetry
from cio_strategist.bootstrap import Authority, Governance, open_governance
from cio_strategist.domain.policy.views import PrimalView
from cio_strategist.gateway.assembly import gateway_app
from cio_strategist.gateway.readiness import Readiness, ReadReadiness
from cio_strategist.gateway.server import HttpServer
from cio_strategist.gateway.services import Services
from cio_strategist.roles.active import ActiveRole
from cio_strategist.roles.role import Role
from cio_strategist.service.access.write_limit import WriteLimit
from cio_strategist.service.fleet.fleet import Fleet
from cio_strategist.settings import Settings

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@asynccontextmanager
async def open_gateway(settings: Settings, telemetry: Telemetry) -> AsyncGenerator[ActiveRole]:
    """Open the authority's stores. Raises `RefusedError` without MONGODB_URI."""
    async with open_governance(settings, metrics=telemetry) as governance, _fleet(settings) as fleet:
        authority = governance.needed_authority
        projector = authority.projector
        telemetry.watch_enforced(lambda: projector.is_up_to_date)
        telemetry.watch_primal(authority.primal.view().source)
        _tell_primal(authority.primal.view())

        def open_doors(readiness: ReadReadiness) -> HttpServer:
            services = _services(settings, governance, readiness)
            app = gateway_app(services, fleet, max_body_bytes=settings.max_body_bytes, registry=telemetry.registry)
            return HttpServer(app, host=settings.http_host, port=settings.http_port)

        yield ActiveRole(
            Role.GATEWAY, tasks=(projector.run,), readiness=lambda: _readiness(authority), open_doors=open_doors
        )


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncGenerator[tuple[Services, Fleet]]:
    """Open what stands behind the doors, without the projection running. Raises `RefusedError` without MONGODB_URI."""
    async with open_governance(settings) as governance, _fleet(settings) as fleet:
        authority = governance.needed_authority
        _tell_primal(authority.primal.view())
        yield _services(settings, governance, lambda: _readiness(authority)), fleet


def _services(settings: Settings, governance: Governance, readiness: ReadReadiness) -> Services:
    authority = governance.needed_authority
    return Services(
        manager=governance.manager,
        proposals=authority.proposals,
        primal=authority.primal,
        latches=authority.latches,
        control=governance.control,
        reader=authority.reader,
        decisions=authority.decisions,
        tokens=authority.tokens,
        write_limit=WriteLimit(settings.writes_per_minute),
        readiness=readiness,
    )


def _readiness(authority: Authority) -> Readiness:
    projector = authority.projector
    newest = projector.newest
    facts = {"message": "nothing was compared yet"} if newest is None else newest.model_dump(mode="json")
    return Readiness(ready=projector.is_up_to_date, facts={**facts, "primal": _primal_facts(authority.primal.view())})


def _tell_primal(primal: PrimalView) -> None:
    """Say once which hard ceilings hold in this process."""
    match primal.source:
        case "file":
            _log.info("primal_limits_loaded", **_primal_facts(primal))
        case "built-in":
            _log.error("primal_limits_built_in", **_primal_facts(primal))
        case "off":
            _log.warning("primal_limits_not_configured", setting="STRATEGIST_PRIMAL_FILE")


def _primal_facts(primal: PrimalView) -> dict[str, Any]:
    facts = primal.model_dump(mode="json", include={"source", "revision", "digest", "signers", "problem"})
    return {"source": "off"} if primal.source == "off" else facts


@asynccontextmanager
async def _fleet(settings: Settings) -> AsyncGenerator[Fleet]:
    async with open_bots(total_seconds=settings.bot_timeout_seconds) as bots:
        yield Fleet(settings.bots, bots, clock=SystemClock())
