"""Signed requests with the exchange's own time, its limits, and as many repeats as are safe."""

import hashlib
import hmac
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode

from canary import wire
from canary.clock import Clock, Deadline
from canary.errors import OutOfTimeError, RejectedError, UnavailableError
from canary.journal import Journal
from canary.limits import Pacer
from canary.transport import Answer, Transport

RECV_WINDOW_MILLISECONDS = 5000
ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 4.0
TIMEOUT_SECONDS = 5.0
WAIT_WORTH_MENTIONING_SECONDS = 1.0

WRONG_TIME = -1021
OVERLOADED = -1008
TOO_MANY = (-1003, -1015)
OUTCOME_UNKNOWN = (-1000, -1001, -1006, -1007, -1016)
SURELY_NOT_DONE = "service unavailable"
MAYBE_DONE = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT)
SIGNATURE = re.compile(r"signature=[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key and its secret, neither of which is ever shown."""

    key: str = field(repr=False)
    secret: str = field(repr=False)

    def sign(self, query: str) -> str:
        """Return the HMAC-SHA256 of `query` in hexadecimal."""
        return hmac.new(self.secret.encode(), query.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Request:
    """One call: `weight` is what it costs of the weight limit, `order` that it counts as an order too."""

    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    weight: int = 1
    signed: bool = True
    order: bool = False


class Caller:
    """Sends requests until they are answered, refused, or the time is over; safe to use from several threads."""

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        *,
        clock: Clock,
        deadline: Deadline,
        pacer: Pacer,
        journal: Journal,
        time_path: str = "/fapi/v1/time",
    ) -> None:
        self.requests = 0
        """How many requests were sent."""
        self.pacer = pacer
        self.deadline = deadline
        self.clock = clock
        self._transport = transport
        self._credentials = credentials
        self._journal = journal
        self._time_path = time_path
        self._counting = threading.Lock()

    def call(self, request: Request, *, attempts: int = ATTEMPTS) -> object:
        """Return the answer's JSON; what may have been done is repeated, so the request has to allow that.

        Raises `RejectedError`, `UnavailableError` when all attempts failed, and `OutOfTimeError`.
        """
        return self._repeat(request, attempts=attempts, also_if_maybe_done=True)

    def call_once(self, request: Request) -> object:
        """Return the answer's JSON; the request is repeated only while the exchange surely did nothing.

        Raises `RejectedError`, `UnavailableError` (look at `maybe_done`), and `OutOfTimeError`.
        """
        return self._repeat(request, attempts=ATTEMPTS, also_if_maybe_done=False)

    def synchronise(self) -> None:
        """Take over the exchange's clock; raises what `call` raises."""
        asked = self.clock.monotonic()
        before = self.clock.epoch()
        answer = wire.row(self._attempt(Request("GET", self._time_path, signed=False)))
        there = wire.integer(answer, "serverTime") / 1000
        # The answer was made somewhere on the way, half of the round trip ago as far as anyone can know.
        self.pacer.offset = there - (before + (self.clock.monotonic() - asked) / 2)
        self._journal.write("clock", offset_seconds=round(self.pacer.offset, 3))

    def _repeat(self, request: Request, *, attempts: int, also_if_maybe_done: bool) -> object:
        pause = FIRST_PAUSE_SECONDS
        for attempt in range(1, attempts + 1):
            try:
                return self._attempt(request)
            except _WrongTimeError as error:
                failure = UnavailableError(str(error), maybe_done=False)
                self._synchronise_quietly()
            except UnavailableError as error:
                failure = error
                if error.maybe_done and not also_if_maybe_done:
                    raise
            self._journal.write("attempt_failed", path=request.path, attempt=attempt, why=str(failure))
            self._journal.mention(f"Waiting, then trying again: {failure}.")
            if attempt == attempts:
                raise failure
            if self.deadline.left <= pause:
                raise OutOfTimeError(f"out of time while the exchange does not answer: {failure}") from failure
            self.clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        raise AssertionError("every attempt ends in an answer or in an error")

    def _synchronise_quietly(self) -> None:
        try:
            self.synchronise()
        except (RejectedError, UnavailableError) as error:
            self._journal.write("clock_unknown", why=str(error))

    def _attempt(self, request: Request) -> object:
        if self.deadline.left <= 0:
            raise OutOfTimeError("the time given for the run is over")
        self.pacer.acquire(request.weight, order=request.order, waiting=self._mention_wait)
        with self._counting:
            self.requests += 1
        expires_at = self.clock.monotonic() + RECV_WINDOW_MILLISECONDS / 1000
        try:
            return self._exchange(request)
        except UnavailableError as error:
            error.expires_at = expires_at
            raise

    def _mention_wait(self, seconds: float) -> None:
        if seconds >= WAIT_WORTH_MENTIONING_SECONDS:
            self._journal.mention(f"Waiting {seconds:.0f} s to keep the exchange's limits.")

    def _exchange(self, request: Request) -> object:
        answer = self._transport.send(
            request.method,
            self._target(request),
            {"X-MBX-APIKEY": self._credentials.key, "User-Agent": "canary"}
            if request.signed
            else {"User-Agent": "canary"},
            TIMEOUT_SECONDS,
        )
        self.pacer.observe(answer.headers)
        if answer.status == HTTPStatus.OK:
            return wire.decode(answer.body)
        raise self._failure(answer)

    def _target(self, request: Request) -> str:
        parameters = dict(request.parameters)
        if not request.signed:
            return request.path + (f"?{urlencode(parameters)}" if parameters else "")
        parameters["recvWindow"] = str(RECV_WINDOW_MILLISECONDS)
        parameters["timestamp"] = str(int((self.clock.epoch() + self.pacer.offset) * 1000))
        query = urlencode(parameters)
        return f"{request.path}?{query}&signature={self._credentials.sign(query)}"

    def _failure(self, answer: Answer) -> Exception:
        code, message = _error_of(answer)
        if answer.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.IM_A_TEAPOT} or code in TOO_MANY:
            seconds = self.pacer.hold(answer.headers.get("retry-after"))
            return UnavailableError(
                f"the exchange asks for a pause of {seconds:g} s ({answer.status})", maybe_done=False
            )
        if code == WRONG_TIME:
            return _WrongTimeError(f"our clock and the exchange's differ: {message}")
        if code == OVERLOADED:
            return UnavailableError("the exchange is overloaded (-1008)", maybe_done=False)
        if code in OUTCOME_UNKNOWN or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            sure = message.lower().startswith(SURELY_NOT_DONE)
            return UnavailableError(f"the exchange failed: {message} ({code or answer.status})", maybe_done=not sure)
        if code == 0:
            # No error of the exchange's own: a firewall or a maintenance page on the way to it, or a time-out of it.
            maybe_done = answer.status in MAYBE_DONE or answer.status < HTTPStatus.BAD_REQUEST
            return UnavailableError(f"HTTP {answer.status} without a reason", maybe_done=maybe_done)
        return RejectedError(code, message)


class _WrongTimeError(Exception):
    """-1021: nothing was done, and the exchange's time has to be asked for again."""


def _error_of(answer: Answer) -> tuple[int, str]:
    try:
        found = wire.row(wire.decode(answer.body))
        return wire.integer(found, "code"), SIGNATURE.sub("signature=…", str(found.get("msg", "")))
    except UnavailableError:
        return 0, f"HTTP {answer.status}"
