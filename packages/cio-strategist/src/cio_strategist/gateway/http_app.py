"""The HTTP application: every route, and what holds for all of them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException

from cio_strategist.errors import StrategistError
from cio_strategist.gateway.answers import PlainJSON
from cio_strategist.gateway.config_api import filter_routes, limit_routes
from cio_strategist.gateway.config_api import routes as config_routes
from cio_strategist.gateway.http_metrics import HttpMetrics
from cio_strategist.gateway.intake import Intake
from cio_strategist.gateway.problems import (
    Problem,
    http_problem,
    invalid_request,
    methods_by_path,
    problem_responses,
    strategist_problem,
)
from cio_strategist.gateway.routes import audit, control, decisions, latches, policy, primal, probes, proposals, scopes
from cio_strategist.gateway.services import Services

LARGEST_BODY = 256 * 1024
"""Bytes of the largest body that is taken unless told otherwise; all parameters together are a few thousand."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_DESCRIPTION = """
The owner of risk policy for a fleet of trading bots.

**Policy** is a set of parameters, such as `leverage`, per *scope*: `global`, `symbol:BTCUSDT`, `strategy:momentum_v1`
or `symbol_side:BTCUSDT:LONG`. What holds for an order is looked up key by key: defaults, then global, symbol, strategy,
symbol-side; the later wins. `GET /api/v1/policy/parameters` explains every parameter.

**Changes** are versioned, recorded with who and why, and can be undone. Look first with `preview`. Tightening takes
effect at once. Loosening beyond a budget becomes a *proposal* that waits for an operator (202).

**Control** halts and restricts: `SAFE`, `HALTED`, `FROZEN`, per scope. Stricter is easy; laxer takes an operator and a
code.

**Primal limits** are hard ceilings in a signed file. What is set beyond them is refused (`PRIMAL_LIMIT`) and recorded.

Reading needs no token, writing does: `Authorization: Bearer <token>`. Everything that is refused says why and what to
do, as problem details (RFC 9457). `/api/v1/config` speaks the fleet's older config API instead: HTTP 200 and
`success: false`.
"""
_TAGS = [
    {
        "name": "policy",
        "description": "What each scope sets, what holds for an order, and the catalogue of parameters.",
    },
    {"name": "control", "description": "Halting, restricting and resuming scopes."},
    {"name": "proposals", "description": "Changes that loosen more than their author may, waiting for an operator."},
    {"name": "primal", "description": "The hard ceilings, which nothing here can change."},
    {"name": "audit", "description": "The trail of every change, and of attempts beyond the hard ceilings."},
    {"name": "decisions", "description": "What the gate decided, why, and what another policy would have changed."},
    {"name": "config (fleet)", "description": "TradeEngine's config API: clients only change the host."},
    {"name": "operation", "description": "Liveness, readiness and metrics."},
]
_ROUTERS = (
    probes.router,
    policy.router,
    scopes.router,
    audit.router,
    decisions.router,
    decisions.simulation_router,
    latches.router,
    control.router,
    proposals.router,
    primal.router,
    config_routes.router,
    config_routes.rollback_router,
    filter_routes.router,
    limit_routes.router,
)


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, with refusals in the form that they really have."""
        if self.openapi_schema is None:
            document = super().openapi()
            schemas = document["components"]["schemas"]
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(problem.pop("$defs", {}))
            schemas["Problem"] = problem
            for path, operations in document["paths"].items():
                for operation in operations.values():
                    _say_problems(operation, own_form=path.startswith(config_routes.PREFIX))
        return super().openapi()


def create_app(
    services: Services,
    *,
    version: str,
    routers: Sequence[APIRouter] = (),
    lifespan: Lifespan | None = None,
    max_body_bytes: int = LARGEST_BODY,
    registry: CollectorRegistry | None = None,
) -> FastAPI:
    """Return the application over `services`, with further `routers` after its own.

    `registry` is what `/metrics` shows; one of its own if none is given. The application's state holds `services`.
    """
    app = _Application(
        title="petrosa-cio strategist",
        version=version,
        summary="Risk policy and control: versioned, explained, undoable.",
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        lifespan=lifespan,
        default_response_class=PlainJSON,
        redoc_url=None,
        strict_content_type=False,
    )
    shown = registry or CollectorRegistry()
    app.state.services = services
    app.state.readiness = services.readiness
    app.state.registry = shown
    app.state.methods = methods_by_path((*_ROUTERS, *routers))
    app.add_middleware(Intake, max_body_bytes=max_body_bytes, metrics=HttpMetrics(shown))
    app.add_exception_handler(StrategistError, strategist_problem)
    app.add_exception_handler(RequestValidationError, invalid_request)
    app.add_exception_handler(HTTPException, http_problem)
    for router in (*_ROUTERS, *routers):
        app.include_router(router)
    return app


def _say_problems(operation: dict[str, Any], *, own_form: bool) -> None:
    # What refuses a request before its route is reached, and what does so for every route.
    responses = operation["responses"]
    everywhere = [401] if "security" in operation else []
    if "requestBody" in operation:
        everywhere += [400, 413, 415]
    for status, problem in problem_responses(everywhere).items():
        responses.setdefault(str(status), problem)
    if "422" in responses and not own_form:
        (responses["422"],) = problem_responses([422]).values()
        responses["422"]["description"] = "The request does not fit the route, or breaks the catalogue"
