"""Serving the gateway over HTTP until told to stop."""

import contextlib
import socket
from collections.abc import Generator

import uvicorn
from fastapi import FastAPI

_GRACE_SECONDS = 5
"""How long requests in flight may take once the server was told to stop."""


class HttpServer:
    """One FastAPI app on one address."""

    def __init__(self, app: FastAPI, *, host: str, port: int) -> None:
        self._socket = socket.create_server((host, port))
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=_GRACE_SECONDS)
        self._server = _Server(config)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._socket.getsockname()[1])

    async def serve(self) -> None:
        """Answer requests until `stop`, then finish those in flight."""
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._socket.close()

    def stop(self) -> None:
        """Take no new requests."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it: the library's own handling ends the process by the signal, as if it failed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
