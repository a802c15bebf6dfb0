"""The HTTP application of a process that has no other doors: liveness, readiness and metrics."""

from importlib.metadata import version

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException

from cio_strategist.gateway.answers import PlainJSON
from cio_strategist.gateway.problems import http_problem, methods_by_path
from cio_strategist.gateway.readiness import ReadReadiness
from cio_strategist.gateway.routes import probes


def probe_app(readiness: ReadReadiness, *, registry: CollectorRegistry) -> FastAPI:
    """Return the application; `registry` is what `/metrics` shows."""
    app = FastAPI(
        title="petrosa-cio strategist",
        version=version("cio-strategist"),
        default_response_class=PlainJSON,
        openapi_url=None,
    )
    app.state.readiness = readiness
    app.state.registry = registry
    app.state.methods = methods_by_path([probes.router])
    app.add_exception_handler(HTTPException, http_problem)
    app.include_router(probes.router)
    return app
