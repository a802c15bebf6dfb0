"""The simulated exchange's REST interface: as much of USD-M futures as closing an account needs, signatures checked."""

import hmac
import json
import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import cast
from urllib.parse import parse_qsl

from canary.caller import Credentials
from canary.clock import Clock
from canary.errors import UnavailableError
from canary.model import PositionSide
from canary.simulator.book import Book, MarketOrder, RefusalError
from canary.simulator.faults import Fault, Kind, Turn
from canary.transport import Answer

MINUTE = 60
TEN_SECONDS = 10
OK = 200
BAD_REQUEST = 400
NOT_FOUND = 404
TOO_MANY_REQUESTS = 429
AHEAD_MILLISECONDS = 1000
WEIGHTS = {
    ("GET", "/fapi/v1/positionSide/dual"): 30,
    ("GET", "/fapi/v3/positionRisk"): 5,
    ("GET", "/fapi/v3/balance"): 5,
    ("GET", "/fapi/v1/openOrders"): 40,
    ("GET", "/fapi/v1/openAlgoOrders"): 40,
    ("POST", "/fapi/v1/order"): 0,
}
PUBLIC = ("/fapi/v1/time", "/fapi/v1/ping", "/fapi/v1/exchangeInfo")
Parameters = Mapping[str, str]


class SimulatedExchange:
    """Answers requests about one account; safe to use from several threads. It is a `Transport` of its own.

    `latency` is seconds that each call takes, spent outside the lock. `faults` and `turns` are lists to add to.
    """

    def __init__(
        self, book: Book, credentials: Credentials, clock: Clock, *, latency: float = 0.0, skew: float = 0.0
    ) -> None:
        self.book = book
        self.faults: list[Fault] = []
        self.turns: list[Turn] = []
        self.calls: list[tuple[str, str, str]] = []
        """Method, path and symbol of every request, in order."""
        self.alias = "SIMULATED"
        self.others: dict[str, object] = {}
        """What signed GET requests of other markets are answered with, by path."""
        self.weight_limit = 2400
        self.order_limit = 300
        self.skew = skew
        """Seconds by which its clock is ahead."""
        self._credentials = credentials
        self._clock = clock
        self._latency = latency
        self._lock = threading.Lock()
        self._used: dict[tuple[str, int], int] = {}
        self._routes: dict[tuple[str, str], Callable[[Parameters], object]] = {
            ("GET", "/fapi/v1/ping"): lambda _: {},
            ("GET", "/fapi/v1/time"): lambda _: {"serverTime": self._now()},
            ("GET", "/fapi/v1/exchangeInfo"): self._exchange_info,
            ("GET", "/fapi/v1/positionSide/dual"): lambda _: {"dualSidePosition": self.book.hedge},
            ("GET", "/fapi/v3/balance"): lambda _: [{"accountAlias": self.alias, "asset": "USDT", "balance": "1000.0"}],
            ("GET", "/fapi/v3/positionRisk"): self._positions,
            ("GET", "/fapi/v1/openOrders"): lambda _: self._resting("orderId", conditional=False),
            ("GET", "/fapi/v1/openAlgoOrders"): lambda _: self._resting("algoId", conditional=True),
            ("DELETE", "/fapi/v1/allOpenOrders"): lambda p: self._cancel(p, conditional=False),
            ("DELETE", "/fapi/v1/algoOpenOrders"): lambda p: self._cancel(p, conditional=True),
            ("POST", "/fapi/v1/order"): self._new_order,
            ("GET", "/fapi/v1/order"): self._order,
        }

    def send(self, method: str, target: str, headers: Mapping[str, str], timeout: float) -> Answer:
        """Answer one request; raises `UnavailableError` where a fault cuts the connection."""
        self._clock.sleep(min(self._latency, timeout))
        path, _, query = target.partition("?")
        parameters = dict(parse_qsl(query))
        with self._lock:
            self.calls.append((method, path, parameters.get("symbol", "")))
            self._turn(method, path, after=False)
            answer = self._answer(method, path, query, parameters, headers)
            self._turn(method, path, after=True)
            return answer

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def _answer(self, method: str, path: str, query: str, parameters: Parameters, headers: Mapping[str, str]) -> Answer:
        fault = next((one for one in self.faults if one.takes(method, path, parameters.get("symbol", ""))), None)
        if fault is not None and fault.kind in {Kind.REFUSE, Kind.LOSE_BEFORE, Kind.UNREACHABLE}:
            return _fail(fault)
        counts = self._count(method, path)
        if counts is None:
            return Answer(TOO_MANY_REQUESTS, {"retry-after": "3"}, _error(-1003, "Too many requests."))
        answer = self._serve(method, path, query, parameters, headers)
        if fault is not None:
            return _fail(fault)
        return Answer(answer.status, counts, answer.body)

    def _serve(self, method: str, path: str, query: str, parameters: Parameters, headers: Mapping[str, str]) -> Answer:
        route = self._routes.get((method, path))
        if route is None and method == "GET" and path in self.others:
            route = self._other(path)
        if route is None:
            return Answer(NOT_FOUND, {}, b"<html>not found</html>")
        try:
            if path not in PUBLIC:
                self._check(query, parameters, headers)
            return Answer(OK, {}, json.dumps(route(parameters)).encode())
        except RefusalError as error:
            return Answer(BAD_REQUEST, {}, _error(error.code, error.message))

    def _check(self, query: str, parameters: Parameters, headers: Mapping[str, str]) -> None:
        if headers.get("X-MBX-APIKEY") != self._credentials.key:
            raise RefusalError(-2015, "Invalid API-key, IP, or permissions for action.")
        signed, _, signature = query.rpartition("&signature=")
        expected = hmac.new(self._credentials.secret.encode(), signed.encode(), sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            raise RefusalError(-1022, "Signature for this request is not valid.")
        age = self._now() - int(parameters.get("timestamp", "0"))
        if age < -AHEAD_MILLISECONDS or age > int(parameters.get("recvWindow", "5000")):
            raise RefusalError(-1021, "Timestamp for this request is outside of the recvWindow.")

    def _count(self, method: str, path: str) -> dict[str, str] | None:
        order = (method, path) == ("POST", "/fapi/v1/order")
        now = self._now() // 1000
        weight = self._add("weight", now // MINUTE, WEIGHTS.get((method, path), 1))
        orders = self._add("orders", now // TEN_SECONDS, int(order))
        if weight > self.weight_limit or (order and orders > self.order_limit):
            return None
        headers = {"x-mbx-used-weight-1m": str(weight)}
        return headers | ({"x-mbx-order-count-10s": str(orders)} if order else {})

    def _add(self, what: str, window: int, cost: int) -> int:
        self._used[what, window] = self._used.get((what, window), 0) + cost
        return self._used[what, window]

    def _turn(self, method: str, path: str, *, after: bool) -> None:
        for turn in self.turns:
            if turn.after == after and turn.due(method, path):
                turn.act(self.book)

    def _now(self) -> int:
        return int((self._clock.epoch() + self.skew) * 1000)

    def _other(self, path: str) -> Callable[[Parameters], object]:
        return lambda _: self.others[path]

    def _exchange_info(self, _: Parameters) -> object:
        limits = [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": self.weight_limit},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": self.order_limit},
        ]
        symbols = [
            {
                "symbol": name,
                "filters": [
                    {
                        "filterType": kind,
                        "stepSize": str(symbol.lot.step),
                        "minQty": str(symbol.lot.minimum),
                        "maxQty": str(symbol.lot.maximum),
                    }
                    for kind in ("LOT_SIZE", "MARKET_LOT_SIZE")
                ],
            }
            for name, symbol in self.book.symbols.items()
        ]
        return {"rateLimits": limits, "symbols": symbols}

    def _positions(self, _: Parameters) -> object:
        return [
            {"symbol": symbol, "positionSide": side, "positionAmt": str(amount)}
            for (symbol, side), amount in self.book.positions.items()
        ]

    def _resting(self, identity: str, *, conditional: bool) -> object:
        return [
            {"symbol": order.symbol, identity: number}
            for number, order in self.book.resting.items()
            if order.conditional == conditional
        ]

    def _cancel(self, parameters: Parameters, *, conditional: bool) -> object:
        self.book.cancel_all(parameters["symbol"], conditional=conditional)
        return {"code": OK, "msg": "The operation of cancel all open order is done."}

    def _new_order(self, parameters: Parameters) -> object:
        order = MarketOrder(
            symbol=parameters["symbol"],
            buy=parameters["side"] == "BUY",
            side=cast("PositionSide", parameters.get("positionSide", "BOTH")),
            quantity=Decimal(parameters["quantity"]),
            reduce_only=parameters.get("reduceOnly") == "true",
        )
        self.book.execute(order, parameters["newClientOrderId"])
        return self._order({"symbol": order.symbol, "origClientOrderId": parameters["newClientOrderId"]})

    def _order(self, parameters: Parameters) -> object:
        client_id = parameters["origClientOrderId"]
        found = self.book.finished.get((parameters["symbol"], client_id))
        if found is None:
            raise RefusalError(-2013, "Order does not exist.")
        status, quantity, executed = found
        return {
            "symbol": parameters["symbol"],
            "clientOrderId": client_id,
            "status": status,
            "origQty": str(quantity),
            "executedQty": str(executed),
        }


def _fail(fault: Fault) -> Answer:
    if fault.kind in {Kind.LOSE_BEFORE, Kind.LOSE_AFTER}:
        raise UnavailableError("connection lost: told to", maybe_done=True)
    if fault.kind is Kind.UNREACHABLE:
        raise UnavailableError("cannot connect: told to", maybe_done=False)
    if fault.kind is Kind.GARBLE:
        return Answer(OK, {}, b'{"status": "FILL')
    body = _error(fault.code, fault.message) if fault.code else b"<html>sorry</html>"
    return Answer(fault.status, fault.headers, body)


def _error(code: int, message: str) -> bytes:
    return json.dumps({"code": code, "msg": message}).encode()
