"""The whole gateway as one application: HTTP routes, the bots' routes, and MCP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.routing import Route

from cio_strategist.gateway.auth import access_of
from cio_strategist.gateway.http_app import create_app
from cio_strategist.gateway.mcp.transports import mcp_over_http
from cio_strategist.gateway.routes.fleet import fleet_router
from cio_strategist.gateway.services import Services
from cio_strategist.service.fleet.fleet import Fleet

MCP_PATH = "/mcp"


def gateway_app(services: Services, fleet: Fleet, *, max_body_bytes: int, registry: CollectorRegistry) -> FastAPI:
    """Return the application that the process serves; `registry` is what `/metrics` shows."""
    mcp = mcp_over_http(services, fleet=fleet)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with mcp.running():
            yield

    app = create_app(
        services,
        version=version("cio-strategist"),
        routers=[fleet_router(fleet, access_of)],
        lifespan=lifespan,
        max_body_bytes=max_body_bytes,
        registry=registry,
    )
    app.router.routes.append(Route(MCP_PATH, endpoint=mcp.app))
    return app
