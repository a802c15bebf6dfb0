"""The HTTP side: liveness, readiness and metrics."""

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from cio_nurse.adapters.telemetry import Telemetry

_UNAVAILABLE = 503

Readiness = Callable[[], tuple[bool, Mapping[str, Any]]]
"""Whether intents are served, and the facts behind it."""


class HealthServer:
    """Serves `/healthz` (the process lives), `/readyz` (it serves intents) and `/metrics`."""

    def __init__(self, *, host: str, port: int, readiness: Readiness, telemetry: Telemetry) -> None:
        self._host = host
        self._port = port
        self._readiness = readiness
        self._telemetry = telemetry
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Begin to serve and return the port. Raises `OSError` if it is taken."""
        application = web.Application()
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop serving."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _readyz(self, _request: web.Request) -> web.Response:
        ready, facts = self._readiness()
        return web.json_response({"ready": ready, **facts}, status=200 if ready else _UNAVAILABLE)

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._telemetry.render(), headers={"Content-Type": self._telemetry.content_type})
