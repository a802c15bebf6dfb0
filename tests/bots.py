"""Stand-ins for the strategy bots: the routes, envelopes and traps of theirs, on real loopback servers."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from typing import Annotated, Any

import uvicorn
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from cio_strategist.domain.fleet.bot import Bot
from cio_strategist.domain.fleet.call import BotCall, BotReply
from cio_strategist.errors import BotError

TA_STRATEGIES = ("rsi_extreme_reversal", "momentum_pulse", "doji_reversal")
REALTIME_STRATEGIES = ("iceberg_detector", "spread_liquidity")
PARAMETERS = {"threshold": 0.5, "window": 14}
"""What every strategy has, with its defaults."""
_START_SECONDS = 20.0


class ConfigUpdateRequest(BaseModel):
    parameters: dict[str, Any] = Field(description="Configuration parameters to update")
    changed_by: str = Field(min_length=1, max_length=100, description="Who is making this change")
    reason: str | None = None
    validate_only: bool = False


class ConfigValidationRequest(BaseModel):
    parameters: dict[str, Any]
    strategy_id: str | None = None


class RollbackRequest(BaseModel):
    changed_by: str
    target_version: int | None = Field(None, ge=1)
    rollback_id: str | None = None
    reason: str | None = None


class AppConfigUpdateRequest(BaseModel):
    changed_by: str
    enabled_strategies: list[str] | None = None
    symbols: list[str] | None = None
    min_confidence: float | None = Field(None, ge=0.0, le=1.0)
    reason: str | None = None
    validate_only: bool = False


class LifecycleTransitionRequest(BaseModel):
    to_state: str
    transitioned_by: str
    decision_id: str | None = None
    reasoning_context: dict[str, Any] | None = None


@dataclass
class Received:
    """One request as it reached the bot."""

    method: str
    target: str
    """Path and query, still encoded."""
    headers: dict[str, str]
    body: bytes


@dataclass
class BotState:
    """What a stand-in knows, and what was asked of it."""

    strategies: tuple[str, ...]
    strict: bool
    """Whether unknown parameters are refused: the realtime bot does, the ta bot stores them."""
    configs: dict[tuple[str, str | None], dict[str, Any]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    quota_used_up: bool = False

    def reset(self) -> None:
        self.configs.clear()
        self.received.clear()
        self.quota_used_up = False

    def writes(self) -> list[Received]:
        return [request for request in self.received if request.method != "GET"]

    def show(self, strategy_id: str, symbol: str | None) -> dict[str, Any]:
        if strategy_id not in self.strategies:
            return _unknown(strategy_id)
        found = self.configs.get((strategy_id, symbol))
        parameters = PARAMETERS if found is None else found
        source = "default" if found is None else "mongodb"
        return _envelope({"strategy_id": strategy_id, "symbol": symbol, "parameters": parameters, "source": source})

    def update(self, strategy_id: str, symbol: str | None, request: ConfigUpdateRequest) -> dict[str, Any]:
        if strategy_id not in self.strategies:
            return _unknown(strategy_id)
        unknown = [name for name in request.parameters if name not in PARAMETERS]
        if unknown and self.strict:
            return _envelope(error={"code": "VALIDATION_ERROR", "message": f"Unknown parameters: {unknown}"})
        if not request.validate_only:
            self.configs[strategy_id, symbol] = request.parameters
        return _envelope({"strategy_id": strategy_id, "symbol": symbol, "parameters": request.parameters, "version": 1})

    def delete(self, strategy_id: str, symbol: str | None) -> dict[str, Any]:
        if self.configs.pop((strategy_id, symbol), None) is None:
            return _envelope(error={"code": "DELETE_FAILED", "message": "No config to delete"})
        return _envelope({"deleted": True})


def _envelope(data: Any = None, *, error: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {"success": error is None, "data": data, "error": error, "metadata": metadata}


def _unknown(strategy_id: str) -> dict[str, Any]:
    return _envelope(error={"code": "NOT_FOUND", "message": f"Strategy not found: {strategy_id}"})


def bot_app(state: BotState, *, application_routes: bool) -> FastAPI:
    """Return the app of a bot; the ta bot has application routes and a lifecycle, the realtime bot a second DELETE."""
    app = FastAPI(title="bot")
    router = APIRouter(prefix="/api/v1")
    _recording(app, state)
    _general_routes(app, router, state)
    _config_routes(router, state)
    _trail_routes(router)
    if application_routes:
        _ta_routes(router)
    else:
        _realtime_routes(router, state)
    app.include_router(router)
    return app


def _recording(app: FastAPI, state: BotState) -> None:
    @app.middleware("http")
    async def _record(request: Request, call_next):
        target = request.scope["raw_path"].decode() + (f"?{request.url.query}" if request.url.query else "")
        state.received.append(Received(request.method, target, dict(request.headers), await request.body()))
        if state.quota_used_up and request.method != "GET":
            answer = {"success": False, "error": "rate_limit_exceeded", "reason": "cooldown_period", "retry_after": 300}
            return JSONResponse(answer, 429, {"Retry-After": "300"})
        return await call_next(request)


def _general_routes(app: FastAPI, router: APIRouter, state: BotState) -> None:
    @app.get("/health")
    async def health():
        return {"status": "healthy"}

    @app.post("/api/v1/backtest")
    async def backtest():
        return {}

    @router.get("/strategies", summary="List all trading strategies")
    async def list_strategies():
        return _envelope(
            [{"strategy_id": name, "name": name.title(), "has_global_config": False} for name in state.strategies],
            total_count=len(state.strategies),
        )

    @router.post("/strategies/cache/refresh")
    async def refresh_cache():
        return _envelope({"refreshed": True})

    @router.get("/strategies/{strategy_id}/schema")
    async def get_schema(strategy_id: str):
        if strategy_id not in state.strategies:
            return _unknown(strategy_id)
        return _envelope([{"name": name, "default": value} for name, value in PARAMETERS.items()])


def _config_routes(router: APIRouter, state: BotState) -> None:
    @router.get("/strategies/{strategy_id}/config")
    async def get_global_config(strategy_id: str):
        return state.show(strategy_id, None)

    @router.get("/strategies/{strategy_id}/config/{symbol}")
    async def get_symbol_config(strategy_id: str, symbol: str):
        return state.show(strategy_id, symbol)

    @router.post("/strategies/{strategy_id}/config", summary="Create or update global configuration")
    async def update_global_config(strategy_id: str, request: ConfigUpdateRequest):
        return state.update(strategy_id, None, request)

    @router.post("/strategies/{strategy_id}/config/{symbol}")
    async def update_symbol_config(strategy_id: str, symbol: str, request: ConfigUpdateRequest):
        return state.update(strategy_id, symbol, request)

    @router.delete("/strategies/{strategy_id}/config")
    async def delete_global_config(strategy_id: str, changed_by: str, reason: str | None = None):
        return state.delete(strategy_id, None)


def _trail_routes(router: APIRouter) -> None:
    @router.post("/strategies/{strategy_id}/rollback")
    async def rollback(strategy_id: str, request: RollbackRequest, symbol: str | None = None):
        return _envelope(error={"code": "ROLLBACK_FAILED", "message": "No previous version"})

    @router.get("/strategies/{strategy_id}/audit")
    async def audit(strategy_id: str, symbol: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100):
        return _envelope([], limit=limit, symbol=symbol)

    @router.post("/config/validate")
    async def validate(request: ConfigValidationRequest):
        return _envelope({"validation_passed": True, "errors": []})


def _ta_routes(router: APIRouter) -> None:
    @router.get("/config/application")
    async def get_application_config():
        return _envelope({"symbols": ["BTCUSDT"]})

    @router.post("/config/application")
    async def update_application_config(request: AppConfigUpdateRequest):
        return _envelope(request.model_dump())

    @router.post("/strategies/{strategy_id}/lifecycle/transition", status_code=201)
    async def transition(strategy_id: str, request: LifecycleTransitionRequest):
        return _envelope({"state": request.to_state, "by": request.transitioned_by})


def _realtime_routes(router: APIRouter, state: BotState) -> None:
    @router.delete("/strategies/{strategy_id}/config/{symbol}")
    async def delete_symbol_config(strategy_id: str, symbol: str, changed_by: str, reason: str | None = None):
        return state.delete(strategy_id, symbol)


class LiveBot:
    """A stand-in on a port of its own, which it keeps when it is stopped and started again."""

    def __init__(self, state: BotState, *, application_routes: bool) -> None:
        self.state = state
        self.app = bot_app(state, application_routes=application_routes)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "LiveBot":
        if self._server is not None:
            return self
        if self._socket.fileno() == -1:
            self._socket = socket.create_server(("127.0.0.1", self.port))
        config = uvicorn.Config(self.app, log_config=None, access_log=False, lifespan="off", ws="none", loop="asyncio")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise AssertionError("the bot did not start")
            time.sleep(0.002)
        return self

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_START_SECONDS)
        self._server = self._thread = None
        self._socket.close()


def ta_bot() -> LiveBot:
    return LiveBot(BotState(TA_STRATEGIES, strict=False), application_routes=True)


def realtime_bot() -> LiveBot:
    return LiveBot(BotState(REALTIME_STRATEGIES, strict=True), application_routes=False)


class FakeBots:
    """`BotClient` of bots in memory: `documents` by bot, `replies` in the order they are given. A bot in `away` is."""

    def __init__(self) -> None:
        self.documents: dict[str, object] = {}
        self.replies: list[BotReply] = []
        self.away: set[str] = set()
        self.sent: list[tuple[str, BotCall]] = []
        self.documents_read = 0

    async def document(self, bot: Bot) -> object:
        self._check(bot)
        self.documents_read += 1
        return self.documents[bot.name]

    async def send(self, bot: Bot, call: BotCall) -> BotReply:
        self._check(bot)
        self.sent.append((bot.name, call))
        return self.replies.pop(0)

    def _check(self, bot: Bot) -> None:
        if bot.name in self.away:
            raise BotError(f"bot {bot.name} is away")


class CannedBot:
    """A server that answers every connection with the same bytes, whatever HTTP says.

    None: it sends `head` at most, and then nothing more.
    """

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.url = ""
        self.head = b""
        self.let_go = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Who asks may hang up at any point, which some tests are about: they say what it leads to.
        with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError):
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            if self.answer is None:
                writer.write(self.head)
                await self.let_go.wait()
            else:
                writer.write(self.answer)
                await writer.drain()


@asynccontextmanager
async def canned_bot(answer: bytes | None) -> AsyncIterator[CannedBot]:
    bot = CannedBot(answer)
    server = await asyncio.start_server(bot.serve, "127.0.0.1", 0)
    bot.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield bot
    finally:
        bot.let_go.set()
        server.close()
        await server.wait_closed()


def http(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    """Return an HTTP answer as it goes over the wire."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body
