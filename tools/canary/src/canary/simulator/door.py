"""The simulated exchange's door: requests are signed, counted, and meet the faults that were asked for."""

import hmac
import json
import threading
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TypeAlias
from urllib.parse import parse_qsl

from canary.caller import Credentials
from canary.clock import Clock
from canary.errors import UnavailableError
from canary.simulator.book import RefusalError
from canary.simulator.faults import Fault, Kind
from canary.transport import Answer

MINUTE = 60
TEN_SECONDS = 10
OK = 200
BAD_REQUEST = 400
NOT_FOUND = 404
TOO_MANY_REQUESTS = 429
AHEAD_MILLISECONDS = 1000
PUBLIC = ("/time", "/ping", "/exchangeInfo", "/ticker/price")
Parameters: TypeAlias = Mapping[str, str]
Routes: TypeAlias = dict[tuple[str, str], Callable[[Parameters], object]]


class Door:
    """Answers requests about one account; safe to use from several threads. It is a `Transport` of its own.

    `routes` are what it answers, `weights` what a request costs if that is not 1. `latency` is seconds that each call
    takes, spent outside the lock. `faults` is a list to add to.
    """

    def __init__(
        self, credentials: Credentials, clock: Clock, *, weights: Mapping[tuple[str, str], int], latency: float = 0.0
    ) -> None:
        self.faults: list[Fault] = []
        self.calls: list[tuple[str, str, str]] = []
        """Method, path and symbol of every request, in order."""
        self.routes: Routes = {}
        self.weight_limit = 2400
        self.order_limit = 300
        self.skew = 0.0
        """Seconds by which its clock is ahead."""
        self._credentials = credentials
        self._clock = clock
        self._weights = weights
        self._latency = latency
        self._lock = threading.Lock()
        self._used: dict[tuple[str, int], int] = {}

    def send(self, method: str, target: str, headers: Mapping[str, str], timeout: float) -> Answer:
        """Answer one request; raises `UnavailableError` where a fault cuts the connection."""
        self._clock.sleep(min(self._latency, timeout))
        path, _, query = target.partition("?")
        parameters = dict(parse_qsl(query))
        with self._lock:
            self.calls.append((method, path, parameters.get("symbol", "")))
            self.turn(method, path, after=False)
            answer = self._answer(method, path, query, parameters, headers)
            self.turn(method, path, after=True)
            return answer

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def turn(self, method: str, path: str, *, after: bool) -> None:
        """Let the market move, before a request or after it; here it does not."""

    def now(self) -> int:
        """Return its time in milliseconds since 1970, UTC."""
        return int((self._clock.epoch() + self.skew) * 1000)

    def rate_limits(self) -> list[dict[str, object]]:
        """Return its limits in the form of `exchangeInfo`."""
        return [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": self.weight_limit},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": self.order_limit},
        ]

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
        route = self.routes.get((method, path))
        if route is None:
            return Answer(NOT_FOUND, {}, b"<html>not found</html>")
        try:
            if not path.endswith(PUBLIC):
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
        age = self.now() - int(parameters.get("timestamp", "0"))
        if age < -AHEAD_MILLISECONDS or age > int(parameters.get("recvWindow", "5000")):
            raise RefusalError(-1021, "Timestamp for this request is outside of the recvWindow.")

    def _count(self, method: str, path: str) -> dict[str, str] | None:
        order = method == "POST" and path.endswith("/order")
        now = self.now() // 1000
        weight = self._add("weight", now // MINUTE, self._weights.get((method, path), 1))
        orders = self._add("orders", now // TEN_SECONDS, int(order))
        if weight > self.weight_limit or (order and orders > self.order_limit):
            return None
        headers = {"x-mbx-used-weight-1m": str(weight)}
        return headers | ({"x-mbx-order-count-10s": str(orders)} if order else {})

    def _add(self, what: str, window: int, cost: int) -> int:
        self._used[what, window] = self._used.get((what, window), 0) + cost
        return self._used[what, window]


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
