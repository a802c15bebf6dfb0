"""What happens to every request before and after its route: an id, bounds on its body, a log line, no loose ends."""

import re
import time
import uuid
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cio_strategist.domain.strict_json import read_json
from cio_strategist.errors import UsageError
from cio_strategist.gateway.http_metrics import HttpMetrics
from cio_strategist.gateway.problems import problem_answer, unexpected

_log: structlog.stdlib.BoundLogger = structlog.get_logger()

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,127}")
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


class _TooLargeError(Exception):
    """A body beyond the limit."""


class _OtherTypeError(Exception):
    """A body that is not announced as JSON."""


class _GoneError(Exception):
    """The caller went away before it had sent everything, so nobody knows what it wanted."""


@dataclass(slots=True)
class _Answered:
    """What is known of an answer as it goes out."""

    send: Send
    request_id: str
    status: int | None = None
    started_at: float = field(default_factory=time.perf_counter)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"x-request-id"]
            message = {**message, "headers": [*headers, (b"x-request-id", self.request_id.encode())]}
        await self.send(message)


class Intake:
    """ASGI middleware: gives requests an id, bounds and reads their bodies, and tells what became of them.

    A request's own X-Request-ID is kept if it is up to 128 letters, digits and `.`, `_`, `:`, `-`. Bodies beyond
    `max_body_bytes` are refused, also where no length was announced, and so is every body that is not announced as
    JSON; what `read_json` refuses does not get in. A body without a content type counts as JSON.
    """

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, metrics: HttpMetrics) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        request.state.request_id = _request_id(request)
        answered = _Answered(send, request.state.request_id)
        with structlog.contextvars.bound_contextvars(request_id=answered.request_id):
            try:
                await self._serve(request, receive, answered)
            except Exception:
                _log.exception("http_failed", method=request.method, path=request.url.path[:300])
                if answered.status is not None:
                    raise
                await unexpected(request)(scope, receive, answered)
            finally:
                self._tell(scope, answered)

    async def _serve(self, request: Request, receive: Receive, answered: _Answered) -> None:
        try:
            body = await _read_body(request, receive, self._max_body_bytes)
            if body:
                _check_type(request)
                read_json(body)
        except _GoneError:
            _log.info("http_caller_went_away", method=request.method, path=request.url.path[:300])
        except _TooLargeError:
            detail = f"the body is larger than the {self._max_body_bytes} bytes that are taken: send less"
            refusal = problem_answer(request, "too-large", 413, "The body is too large", detail)
            await refusal(request.scope, receive, answered)
        except _OtherTypeError:
            detail = "a body is taken as JSON alone: send it with Content-Type: application/json"
            refusal = problem_answer(request, "media-type", 415, "The body is not announced as JSON", detail)
            await refusal(request.scope, receive, answered)
        except UsageError as error:
            refusal = problem_answer(request, "usage", 400, "The request cannot be understood", str(error))
            await refusal(request.scope, receive, answered)
        else:
            await self._app(request.scope, _replayed(body, receive), answered)

    def _tell(self, scope: MutableMapping[str, Any], answered: _Answered) -> None:
        seconds = time.perf_counter() - answered.started_at
        status = answered.status or 0
        # A mounted application matches by its root path alone.
        route = getattr(scope.get("route"), "path", None) or scope.get("root_path") or None
        self._metrics.answered(scope["method"], route, status, seconds)
        if scope["path"] in _PROBES:
            return
        # Null where nobody had to be known, as for what MCP only lists: that is the same for all.
        caller = scope.get("state", {}).get("caller")
        _log.info(
            "http_answered",
            method=scope["method"],
            path=scope["path"][:300],
            status=status,
            ms=round(seconds * 1000, 1),
            caller=getattr(caller, "name", None),
        )


def _request_id(request: Request) -> str:
    sent = request.headers.get("x-request-id", "")
    return sent if _ID.fullmatch(sent) else uuid.uuid4().hex


def _check_type(request: Request) -> None:
    # What is read here must be what the routes read: they take a body without a type, or with an empty one, for JSON.
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and not re.fullmatch(r"application/([^/]+\+)?json", kind):
        raise _OtherTypeError


async def _read_body(request: Request, receive: Receive, limit: int) -> bytes:
    announced = request.headers.get("content-length", "")
    # A number of many digits is too large whatever it is, and slow to read.
    if (
        announced.isascii()
        and announced.isdigit()
        and (len(announced) > len(str(limit)) + 20 or int(announced) > limit)
    ):
        raise _TooLargeError
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _GoneError
        body += message.get("body", b"")
        if len(body) > limit:
            raise _TooLargeError
        if not message.get("more_body", False):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body that was read, then what the connection says."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
