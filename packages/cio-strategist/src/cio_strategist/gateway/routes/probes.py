"""Liveness, readiness and metrics."""

from typing import Any, cast

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from cio_strategist.gateway.answers import PlainJSON
from cio_strategist.gateway.readiness import ReadReadiness

router = APIRouter(tags=["operation"])


@router.get("/healthz", summary="Whether the process lives")
async def healthz() -> dict[str, str]:
    """Answer as long as the process answers anything."""
    return {"status": "alive"}


@router.get("/readyz", summary="Whether it does what it is for", responses={503: {"description": "No"}})
async def readyz(request: Request) -> Response:
    """Tell what that rests on as well. Reads may be answered while this says 503."""
    readiness = cast("ReadReadiness", request.app.state.readiness)()
    content: dict[str, Any] = {**readiness.facts, "ready": readiness.ready}
    return PlainJSON(content, status_code=200 if readiness.ready else 503)


@router.get("/metrics", summary="Metrics in the form of Prometheus", response_class=Response)
async def metrics(request: Request) -> Response:
    """Render every metric of the process's registry."""
    registry: CollectorRegistry = request.app.state.registry
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
