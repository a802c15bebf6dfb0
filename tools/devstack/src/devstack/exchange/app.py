"""The exchange as an HTTP application."""

import asyncio
import json
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qsl

from aiohttp import web

from devstack.exchange.account_routes import ACCOUNT_ROUTES
from devstack.exchange.algo_routes import ALGO_ROUTES
from devstack.exchange.coin_routes import COIN_ROUTES
from devstack.exchange.control_routes import COMMANDS, CONTROL, MisunderstoodError, state
from devstack.exchange.faults import Fault
from devstack.exchange.minutes import MINUTE
from devstack.exchange.order_routes import ORDER_ROUTES
from devstack.exchange.outage import Outage, OutageMode
from devstack.exchange.parameters import Parameters
from devstack.exchange.public_routes import PUBLIC_ROUTES
from devstack.exchange.refusals import TOO_MANY_REQUESTS, RefusedError
from devstack.exchange.routing import Route
from devstack.exchange.signing import Credentials
from devstack.exchange.spot_routes import SPOT_ROUTES
from devstack.exchange.weights import HEADER, Weights
from devstack.exchange.world import Store, World

ROUTES = {**PUBLIC_ROUTES, **ACCOUNT_ROUTES, **ORDER_ROUTES, **ALGO_ROUTES, **COIN_ROUTES, **SPOT_ROUTES}
_LARGEST_REQUEST = 1 << 16


class Door:
    """Lets requests in: to the exchange unless it is away, and to the control side always."""

    def __init__(self, world: World, store: Store, credentials: Credentials) -> None:
        self._world = world
        self._store = store
        self._credentials = credentials
        self._outage_over = asyncio.Event()
        self._hanging = 0

    def application(self) -> web.Application:
        """Return the application to be served."""
        application = web.Application(client_max_size=_LARGEST_REQUEST)
        application.router.add_route("*", CONTROL + "{name}", self.control)
        application.router.add_route("*", "/{path:.*}", self.exchange)
        return application

    async def exchange(self, request: web.Request) -> web.StreamResponse:
        """Answer as the exchange does."""
        if self._world.outage is not None:
            return await self._be_away(request, self._world.outage)
        route = ROUTES.get((request.method, request.path))
        if route is None:
            return web.json_response(
                {"code": -5000, "msg": f"Path {request.path}, Method {request.method} is invalid"},
                status=HTTPStatus.NOT_FOUND,
            )
        body = (await request.read()).decode(errors="replace")
        parameters = Parameters({**request.query, **dict(parse_qsl(body))})
        fault = self._fault(request, parameters.optional("symbol"))
        if fault is not None and not fault.after:
            return self._fail(request, fault)
        try:
            answer, status = self._answer(route, request, body, parameters), int(HTTPStatus.OK)
        except RefusedError as refusal:
            answer, status = refusal.body, refusal.status
        if fault is not None:
            return self._fail(request, fault)
        return web.json_response(answer, status=status, headers=self._headers(route, status))

    def _fault(self, request: web.Request, symbol: str) -> Fault | None:
        return next((one for one in self._world.faults if one.takes(request.method, request.path, symbol)), None)

    def _fail(self, request: web.Request, fault: Fault) -> web.Response:
        if fault.breaks and request.transport is not None:
            request.transport.abort()
        return web.json_response(fault.body, status=fault.status)

    def _headers(self, route: Route, status: int) -> dict[str, str]:
        headers = {HEADER: str(self._weights(route).used)}
        if route.order:
            headers |= self._world.order_counts.headers
        if status == TOO_MANY_REQUESTS:
            headers["Retry-After"] = str((MINUTE - self._world.clock.server_time % MINUTE) // 1000 + 1)
        return headers

    async def control(self, request: web.Request) -> web.Response:
        """Carry out an order of the control side and answer with the state."""
        name = request.match_info["name"]
        self._world.catch_up()
        if (request.method, name) == ("GET", "state"):
            return self._state()
        if request.method != "POST" or name not in COMMANDS:
            return web.json_response({"error": f"there is no {request.method} {name}"}, status=HTTPStatus.NOT_FOUND)
        try:
            COMMANDS[name](self._world, _read_object(await request.read()))
        except (MisunderstoodError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=HTTPStatus.BAD_REQUEST)
        self._world.match(self._world.clock.now)
        self._store.save(self._world)
        self._wake_those_who_hang()
        return self._state()

    def _weights(self, route: Route) -> Weights:
        return self._world.spot_weights if route.spot else self._world.weights

    def _answer(self, route: Route, request: web.Request, body: str, parameters: Parameters) -> object:
        self._world.catch_up()
        now = self._world.clock.server_time
        self._weights(route).add(route.weight_for(parameters), now)
        if route.signed:
            self._credentials.check(
                sent_key=request.headers.get("X-MBX-APIKEY", ""),
                query=request.url.raw_query_string,
                body=body,
                parameters=parameters,
                now=now,
            )
        if route.order:
            self._world.order_counts.add(now)
        answer = route.answer(self._world, parameters)
        if request.method != "GET":
            self._store.save(self._world)
        return answer

    async def _be_away(self, request: web.Request, outage: Outage) -> web.StreamResponse:
        if outage.mode is OutageMode.ERROR:
            return web.json_response(outage.body, status=outage.status)
        if outage.mode is OutageMode.HANG:
            await self._hang()
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _hang(self) -> None:
        self._hanging += 1
        try:
            await self._outage_over.wait()
        finally:
            self._hanging -= 1

    def _state(self) -> web.Response:
        return web.json_response({**state(self._world), "hanging": self._hanging})

    def _wake_those_who_hang(self) -> None:
        outage = self._world.outage
        if outage is None or outage.mode is not OutageMode.HANG:
            self._outage_over.set()
            self._outage_over = asyncio.Event()


def _read_object(body: bytes) -> dict[str, object]:
    read: object = json.loads(body or b"{}")
    if not isinstance(read, dict):
        raise MisunderstoodError("the body must be a JSON object")
    return cast("dict[str, object]", read)
