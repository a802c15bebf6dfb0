"""One request over NATS, in its plain text protocol."""

import json
import os
import socket
import ssl
from dataclasses import dataclass
from typing import BinaryIO, cast
from urllib.parse import unquote, urlsplit

from canary.errors import RefusedError, UnavailableError

DEFAULT_PORT = 4222
LONGEST_LINE = 64 * 1024
MAX_LINES = 1000


@dataclass(frozen=True, slots=True)
class NatsAddress:
    """Where NATS is, and what it wants to know of us."""

    host: str
    port: int
    tls: bool
    login: dict[str, str]

    @classmethod
    def parse_all(cls, urls: str) -> "tuple[NatsAddress, ...]":
        """Read addresses separated by commas; raises `RefusedError`."""
        return tuple(cls.parse(url.strip()) for url in urls.split(","))

    @staticmethod
    def parse(url: str) -> "NatsAddress":
        """Read nats://[user:password@ or token@]host[:port], or tls://; raises `RefusedError`."""
        try:
            parts = urlsplit(url if "://" in url else f"nats://{url}")
            port = parts.port or DEFAULT_PORT
        except ValueError as error:
            raise RefusedError("the address of NATS cannot be read") from error
        if parts.scheme not in {"nats", "tls"} or not parts.hostname:
            raise RefusedError("the address of NATS has to be nats://host:port or tls://host:port")
        login: dict[str, str] = {}
        if parts.username and parts.password is not None:
            login = {"user": unquote(parts.username), "pass": unquote(parts.password)}
        elif parts.username:
            login = {"auth_token": unquote(parts.username)}
        return NatsAddress(parts.hostname, port, parts.scheme == "tls", login)


def request(address: NatsAddress, subject: str, payload: bytes, timeout: float) -> bytes:
    """Return the first reply to a request; raises `UnavailableError`. `timeout` is seconds for each piece of it."""
    try:
        with socket.create_connection((address.host, address.port), timeout) as raw:
            return _converse(raw, address, subject, payload)
    except (OSError, ValueError) as error:
        raise UnavailableError(f"NATS: {str(error) or type(error).__name__}", maybe_done=False) from error


def _converse(raw: socket.socket, address: NatsAddress, subject: str, payload: bytes) -> bytes:
    info = _info(_line_unbuffered(raw))
    if not (address.tls or info.get("tls_required")):
        return _ask(raw, address, subject, payload)
    with ssl.create_default_context().wrap_socket(raw, server_hostname=address.host) as hidden:
        return _ask(hidden, address, subject, payload)


def _ask(connection: socket.socket, address: NatsAddress, subject: str, payload: bytes) -> bytes:
    inbox = f"_INBOX.{os.urandom(11).hex()}"
    options = {"verbose": False, "pedantic": False, "lang": "python", "version": "1", "headers": True}
    greeting = json.dumps({**options, "no_responders": True, "protocol": 1, **address.login}).encode()
    connection.sendall(
        b"CONNECT %b\r\nSUB %b 1\r\nPUB %b %b %d\r\n%b\r\n"
        % (greeting, inbox.encode(), subject.encode(), inbox.encode(), len(payload), payload)
    )
    with connection.makefile("rb") as lines:
        return _reply(connection, lines)


def _reply(connection: socket.socket, lines: BinaryIO) -> bytes:
    for _ in range(MAX_LINES):
        line = lines.readline(LONGEST_LINE)
        word, *rest = line.split() or [b""]
        if not line:
            raise OSError("the connection was closed")
        if word == b"PING":
            connection.sendall(b"PONG\r\n")
        elif word == b"-ERR":
            raise OSError(line[4:].strip().decode(errors="replace"))
        elif word == b"HMSG":
            raise OSError("nobody answers there")
        elif word == b"MSG" and rest:
            return lines.read(int(rest[-1]))
    raise OSError("no reply among many messages")


def _line_unbuffered(raw: socket.socket) -> bytes:
    # Nothing beyond this line may be read before TLS begins.
    line = b""
    while not line.endswith(b"\n"):
        piece = raw.recv(1)
        if not piece or len(line) > LONGEST_LINE:
            raise OSError("no greeting")
        line += piece
    return line


def _info(line: bytes) -> dict[str, object]:
    word, _, rest = line.partition(b" ")
    if word != b"INFO":
        raise OSError("that is no NATS server")
    found = cast("object", json.loads(rest))
    if not isinstance(found, dict):
        raise OSError("that is no NATS server")
    return cast("dict[str, object]", found)
