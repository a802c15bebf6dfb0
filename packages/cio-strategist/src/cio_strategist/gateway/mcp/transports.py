"""The two ways to reach the MCP server: streamable HTTP within another app, and the standard streams of a process."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, redirect_stdout
from dataclasses import dataclass

from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from cio_strategist.gateway.mcp.fleet_tools import Bots
from cio_strategist.gateway.mcp.server import McpGateway
from cio_strategist.gateway.services import Services

MAX_BODY_BYTES = 262_144
"""Bytes that one request may have, where the app around it allows more."""


@dataclass(frozen=True, slots=True)
class McpOverHttp:
    """The MCP server as a part of an ASGI app."""

    app: ASGIApp
    """Answers every request it is given, whatever its path: add it as a route, `app.add_route("/mcp", mcp.app)`."""
    running: Callable[[], AbstractAsyncContextManager[None]]
    """What must be entered, once, for as long as requests are answered: the lifespan of the app around it."""


def mcp_over_http(services: Services, *, fleet: Bots | None = None, allowed_origins: Sequence[str] = ()) -> McpOverHttp:
    """Return the MCP server for streamable HTTP. The caller is who the Authorization header of each request says.

    There are no sessions: any replica answers any request, and a restart ends nothing. So there is no stream to listen
    to either, and GET is refused, as the protocol allows. Browsers are refused unless
    their page's origin is in `allowed_origins`, so that no web page can reach a gateway on the reader's own machine.
    """
    manager = StreamableHTTPSessionManager(
        McpGateway(services, fleet=fleet).server(),
        json_response=True,
        stateless=True,
        max_request_body_size=MAX_BODY_BYTES,
    )
    return McpOverHttp(_OnlyFrom(frozenset(allowed_origins), StreamableHTTPASGIApp(manager)), manager.run)


async def run_stdio(services: Services, *, fleet: Bots | None = None, token: str | None = None) -> None:
    """Answer MCP requests on standard input and output until the input ends.

    `token` says who the caller is, and is verified anew for every call. While this runs, what anything else prints
    goes to standard error.
    """
    server = McpGateway(services, fleet=fleet, token=token).server()
    async with stdio_server() as (incoming, outgoing):
        # The library diverts the descriptor alone: what Python buffered would reach the protocol's stream at the end.
        with redirect_stdout(sys.stderr):
            await server.run(incoming, outgoing, server.create_initialization_options())


class _OnlyFrom:
    def __init__(self, origins: frozenset[str], app: ASGIApp) -> None:
        self._origins = origins
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = Request(scope).headers.get("origin") if scope["type"] == "http" else None
        if origin is not None and origin not in self._origins:
            refusal = PlainTextResponse("this origin is not allowed\n", status_code=403)
            await refusal(scope, receive, send)
            return
        if scope["type"] == "http" and scope["method"] != "POST":
            # Without sessions a stream of ours would never say anything, and would hold up the end of the process.
            refusal = PlainTextResponse("only POST is answered here\n", status_code=405, headers={"Allow": "POST"})
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)
