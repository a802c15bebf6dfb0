"""One HTTP request, one answer: connections are kept per thread, and a failure says whether anything was sent."""

import http.client
import select
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from canary.errors import RefusedError, UnavailableError

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MAX_ANSWER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Whatever carries requests to the exchange, from several threads at once."""

    def send(self, method: str, target: str, headers: Mapping[str, str], timeout: float) -> Answer:
        """Send one request and return its answer; raises `UnavailableError`. `timeout` is seconds of silence."""
        ...

    def close(self) -> None:
        """End all connections; none is used any more."""
        ...


class HttpTransport:
    """HTTPS to one base URL; plain HTTP is refused anywhere but on this machine, since the key would be readable."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise RefusedError(f"{base_url!r} is no address: it has to begin with https://")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise RefusedError(f"{base_url!r} is not encrypted: use https://, plain http is for this machine only")
        if parts.username or parts.password or parts.query:
            raise RefusedError("the base URL has to be scheme, host and port alone")
        self._host = parts.hostname
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._local = threading.local()
        self._lock = threading.Lock()
        self._opened: set[http.client.HTTPConnection] = set()

    def send(self, method: str, target: str, headers: Mapping[str, str], timeout: float) -> Answer:
        """Send one request and return its answer; raises `UnavailableError`. `timeout` is seconds of silence."""
        connection = self._connected(timeout)
        try:
            connection.request(method, self._prefix + target, headers=dict(headers))
            response = connection.getresponse()
            body = _whole_body(response)
        except (OSError, http.client.HTTPException) as error:
            self._drop(connection)
            # The request had left, or was leaving: only the exchange knows what became of it.
            raise UnavailableError(f"connection lost: {_why(error)}", maybe_done=True) from error
        except BaseException:
            # Interrupted in the middle of an answer: the next request must not read the rest of it.
            self._drop(connection)
            raise
        if response.will_close or not response.isclosed():
            self._drop(connection)
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)

    def close(self) -> None:
        """End the connections of all threads; none is used any more."""
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()

    def _connected(self, timeout: float) -> http.client.HTTPConnection:
        kept: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if kept is not None and _usable(kept):
            kept.sock.settimeout(timeout)
            return kept
        if kept is not None:
            self._drop(kept)
        if self._tls is None:
            fresh = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        else:
            fresh = http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls)
        try:
            fresh.connect()
        except OSError as error:
            fresh.close()
            raise UnavailableError(f"cannot connect to {self._host}: {_why(error)}", maybe_done=False) from error
        self._local.connection = fresh
        with self._lock:
            self._opened.add(fresh)
        return fresh

    def _drop(self, connection: http.client.HTTPConnection) -> None:
        connection.close()
        self._local.connection = None
        with self._lock:
            self._opened.discard(connection)


def _whole_body(response: http.client.HTTPResponse) -> bytes:
    body = response.read(MAX_ANSWER_BYTES)
    if response.length:
        raise http.client.IncompleteRead(body, response.length)
    return body


def _usable(connection: http.client.HTTPConnection) -> bool:
    """Whether a kept connection can take a request: what can be read before one is sent is its end."""
    if connection.sock is None:
        return False
    try:
        readable, _, _ = select.select([connection.sock], [], [], 0)
    except (OSError, ValueError):
        return False
    return not readable


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__
