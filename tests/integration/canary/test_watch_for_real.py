"""The watch as a process of its own: real NATS with logins and TLS, the local exchange, a real mail conversation."""

import asyncio
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import ccxt
import nats
import pytest

from canary.nats_wire import NatsAddress
from canary.watching import probe_governance
from devstack import DevStack, Nats
from tests.integration.devstack.exchange.clients import moved_to

pytestmark = pytest.mark.servers

PULSE = b'{"service": "petrosa-cio", "status": "GOVERNANCE_ACTIVE"}'


@contextmanager
def nats_server(*options: str) -> Iterator[int]:
    """A NATS server of its own on a free port, with more options than the stack's."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    program = Nats(Path("unused")).find_program()
    assert program is not None
    command = [str(program), "-a", "127.0.0.1", "-p", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as trying:
                if trying.connect_ex(("127.0.0.1", port)) == 0:
                    break
        try:
            yield port
        finally:
            process.terminate()


async def governance_answers(url: str, probed: str, **options: Any) -> str | None:
    """What the probe finds while governance answers there."""
    client = await nats.connect(url, allow_reconnect=False, connect_timeout=10, **options)
    asked = await client.subscribe("cio.ping")
    await client.flush()
    probing = asyncio.create_task(asyncio.to_thread(probe_governance, NatsAddress.parse_all(probed)))
    await (await asked.next_msg(timeout=30)).respond(PULSE)
    found = await probing
    await client.close()
    return found


@pytest.mark.parametrize(
    ("options", "known", "login", "wrong"),
    [
        (
            ("--user", "canary", "--pass", "p@ss/word"),
            {"user": "canary", "password": "p@ss/word"},
            "canary:p%40ss%2Fword",
            "canary:wrong",
        ),
        (("--auth", "a-token"), {"token": "a-token"}, "a-token", "another-token"),
    ],
    ids=["user and password", "token"],
)
async def test_a_login_is_used_and_a_wrong_one_is_told(
    options: tuple[str, ...], known: dict[str, str], login: str, wrong: str
) -> None:
    with nats_server(*options) as port:
        address = f"127.0.0.1:{port}"
        assert await governance_answers(f"nats://{address}", f"nats://{login}@{address}", **known) is None
        refused = await asyncio.to_thread(probe_governance, NatsAddress.parse_all(f"nats://{wrong}@127.0.0.1:{port}"))
    assert refused is not None
    assert "Authorization" in refused
    assert wrong.rsplit(":", maxsplit=1)[-1] not in refused


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
async def test_tls_is_spoken_and_its_certificate_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    await asyncio.to_thread(
        subprocess.run, [*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
    )
    with nats_server("--tls", "--tlscert", str(certificate), "--tlskey", str(key)) as port:
        url = f"tls://localhost:{port}"
        unknown = await asyncio.to_thread(probe_governance, NatsAddress.parse_all(url))
        assert unknown is not None
        assert "certificate" in unknown.lower()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert await governance_answers(url, url) is None


async def test_the_second_of_several_addresses_is_asked_when_the_first_is_away(servers: DevStack) -> None:
    url = servers.nats.url
    assert await governance_answers(url, f"nats://127.0.0.1:1, {url}") is None


class Mailbox(socketserver.StreamRequestHandler):
    """As much of a mail server as one message needs."""

    letters: ClassVar[list[str]] = []

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline():
            if line.upper().startswith(b"DATA"):
                self._say("354 go on")
                letter = b""
                while not letter.endswith(b"\r\n.\r\n"):
                    letter += self.rfile.readline()
                self.letters.append(letter.decode())
            self._say("250 fine")

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@pytest.fixture
def mail_port() -> Iterator[int]:
    Mailbox.letters = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def hook() -> Iterator[tuple[str, list[str]]]:
    said: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/secret-path", said
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("closes", [True, False])
def test_governance_that_goes_is_told_everywhere_and_everything_is_closed_only_if_configured(
    closes: bool, mail_port: int, hook: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, said = hook
    with (
        DevStack(redis=False, mongo=False, exchange=True) as stack,
        moved_to(stack.exchange, ccxt.binanceusdm) as trader,
    ):
        trader.options["fetchMarkets"] = {"types": ["linear"]}
        trader.load_markets()
        trader.create_order("ETH/USDT:USDT", "market", "buy", 1)
        environment = {
            "PATH": os.environ["PATH"],
            "NATS_URL": stack.nats.url,
            "CANARY_WEBHOOK_URL": url,
            "CANARY_SMTP_HOST": "127.0.0.1",
            "CANARY_SMTP_PORT": str(mail_port),
            "CANARY_SMTP_TLS": "off",
            "CANARY_MAIL_TO": "one@example.com, two@example.com",
            "CANARY_BASE_URL": stack.exchange.url,
            "CANARY_API_KEY": stack.exchange.api_key,
            "CANARY_API_SECRET": stack.exchange.api_secret,
            "CANARY_HOME": str(tmp_path),
        }
        wanted = ["governance is gone", *(["proved flat"] if closes else [])]
        command = [sys.executable, "-m", "canary", "watch", "--after", "0.02", "--every", "0.3"]
        command += ["--close-all", "--i-understand"] if closes else []
        with subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as it:
            deadline = time.monotonic() + 40
            while time.monotonic() < deadline and not all(any(words in one for one in said) for words in wanted):
                time.sleep(0.05)
            it.terminate()
            shown, progress = it.communicate(timeout=20)
        held = [row for row in trader.fapiPrivateV3GetPositionRisk() if float(row["positionAmt"])]
    assert any("governance is gone" in one for one in said)
    assert any("governance is gone" in one and "one@example.com, two@example.com" in one for one in Mailbox.letters)
    assert "secret-path" not in shown + progress
    assert environment["CANARY_API_SECRET"] not in shown + progress
    assert it.returncode == 0
    assert bool(held) is not closes
    assert any("proved flat" in one for one in said) is closes
