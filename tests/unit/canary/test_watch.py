"""The dead man's switch: when it alerts, when it acts, and what it asks."""

import argparse
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar, Self

import pytest

from canary.alerts import send_alert
from canary.clock import SystemClock
from canary.errors import RefusedError, UnavailableError
from canary.nats_wire import NatsAddress, request
from canary.simulator.exchange import SimulatedExchange
from canary.simulator.server import SimulatorServer
from canary.vigil import Act, Vigil
from canary.watch_settings import read_watch_settings
from canary.watching import Surroundings, add_arguments, keep_watch, probe_exchange, probe_governance
from tests.canary_accounts import CREDENTIALS, JumpingClock, book


def vigil(*, close: bool = True) -> Vigil:
    return Vigil(patience=300, close=close, governed_at=0, reached_at=0)


def test_a_short_silence_is_nothing() -> None:
    assert vigil().check(299, governed=False, reached=True) == []


def test_governance_gone_for_long_enough_alerts_and_closes_once() -> None:
    watched = vigil()
    assert watched.check(300, governed=False, reached=True) == [Act.CLOSE, Act.ALERT_GONE]
    watched.closed = True
    assert watched.check(400, governed=False, reached=True) == []


def test_closing_that_failed_is_tried_again_after_a_minute() -> None:
    watched = vigil()
    watched.check(300, governed=False, reached=True)
    assert watched.check(330, governed=False, reached=True) == []
    assert watched.check(360, governed=False, reached=True) == [Act.CLOSE]


def test_without_being_told_to_it_only_alerts() -> None:
    assert vigil(close=False).check(300, governed=False, reached=True) == [Act.ALERT_GONE]


def test_nothing_is_closed_while_the_exchange_is_away_too() -> None:
    watched = vigil()
    assert watched.check(300, governed=False, reached=False) == [Act.ALERT_GONE, Act.ALERT_EXCHANGE]
    assert watched.check(310, governed=False, reached=True) == [Act.CLOSE]


def test_one_answer_begins_the_silence_anew() -> None:
    watched = vigil()
    assert watched.check(299, governed=True, reached=True) == []
    assert watched.check(598, governed=False, reached=True) == []
    assert watched.check(599, governed=False, reached=True) == [Act.CLOSE, Act.ALERT_GONE]


def test_recovery_is_told_and_the_switch_is_armed_again() -> None:
    watched = vigil()
    watched.check(300, governed=False, reached=True)
    watched.closed = True
    assert watched.check(310, governed=True, reached=True) == [Act.ALERT_BACK]
    assert watched.check(620, governed=False, reached=True) == [Act.CLOSE, Act.ALERT_GONE]


def test_a_long_outage_is_reminded_of() -> None:
    watched = vigil(close=False)
    watched.check(300, governed=False, reached=True)
    assert watched.check(2000, governed=False, reached=True) == []
    assert watched.check(2100, governed=False, reached=True) == [Act.ALERT_GONE]


def test_an_alert_that_reached_nobody_is_sent_again_every_minute_until_it_does() -> None:
    clock, tried = JumpingClock(0), list[tuple[float, str]]()

    def alert(subject: str, _: str) -> bool:
        tried.append((clock.monotonic(), subject))
        return len(tried) > 2

    around = Surroundings(lambda: "gone", lambda: None, alert, lambda: True)
    keep_watch(vigil(close=False), around, clock, every=10, checks=100)
    assert tried == [(at, "governance is gone") for at in (300, 360, 420)]


def test_a_failure_to_close_is_told_and_does_not_end_the_watch() -> None:
    told: list[str] = []
    attempts = iter([RefusedError("the mode cannot be determined"), None])

    def close() -> bool:
        failure = next(attempts)
        if failure is not None:
            raise failure
        return True

    def alert(subject: str, text: str) -> bool:
        told.append(f"{subject} {text}")
        return True

    around = Surroundings(lambda: "gone", lambda: None, alert, close)
    clock = JumpingClock(0)
    keep_watch(vigil(), around, clock, every=60, checks=10)
    assert any("FAILED" in one and "mode" in one for one in told)
    assert "proved flat" in told[-1]


@contextmanager
def nats_server(converse: Callable[[socket.socket], None]) -> Iterator[NatsAddress]:
    """One conversation with a server that says what it is told to."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        connection.settimeout(20)
        with connection:
            converse(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield NatsAddress.parse(f"nats://user:pass@127.0.0.1:{listener.getsockname()[1]}")
    finally:
        thread.join(30)
        listener.close()


def answering(reply: Callable[[bytes], bytes]) -> Callable[[socket.socket], None]:
    def converse(connection: socket.socket) -> None:
        connection.sendall(b'INFO {"server_id": "x"}\r\nPING\r\n')
        said = b""
        while b"\r\n{}\r\n" not in said:
            said += connection.recv(4096) or b"\r\n{}\r\n"
        connection.sendall(reply(said))
        connection.recv(4096)

    return converse


def message(body: bytes) -> Callable[[bytes], bytes]:
    return lambda said: b"MSG %b 1 %d\r\n%b\r\n" % (said.split(b"SUB ")[1].split()[0], len(body), body)


def test_governance_that_answers_is_there() -> None:
    with nats_server(answering(message(b'{"service": "petrosa-cio", "status": "HALTED"}'))) as address:
        assert probe_governance([address]) is None


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (message(b"[]"), "something else"),
        (message(b"GOVERNANCE"), "no JSON"),
        (lambda _: b"HMSG _INBOX.x 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", "nobody answers"),
        (lambda _: b"-ERR 'Authorization Violation'\r\n", "Authorization Violation"),
        (lambda _: b"", "closed"),
    ],
    ids=["another service", "no JSON", "nobody there", "not let in", "closed"],
)
def test_anything_else_is_governance_gone(reply: Callable[[bytes], bytes], why: str) -> None:
    def converse(connection: socket.socket) -> None:
        if why != "closed":
            answering(reply)(connection)

    with nats_server(converse) as address:
        found = probe_governance([address])
    assert found is not None
    assert why in found or why == "closed"


def test_a_server_that_says_nothing_is_given_up_on() -> None:
    waiting = threading.Event()
    with nats_server(lambda _: (waiting.wait(30), None)[1]) as address:
        with pytest.raises(UnavailableError):
            request(address, "cio.ping", b"{}", 0.05)
        waiting.set()


def test_the_exchange_is_asked_for_a_sign_of_life() -> None:
    with SimulatorServer(SimulatedExchange(book({}), CREDENTIALS, SystemClock())) as server:
        assert probe_exchange(server.url) is None
    assert probe_exchange(server.url) is not None


@pytest.mark.parametrize("url", ["http://nats:4222", "nats://", "nats://host:port"])
def test_an_address_of_nats_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(RefusedError):
        NatsAddress.parse(url)


@pytest.mark.parametrize(
    "environment",
    [
        {"CANARY_WEBHOOK_URL": "https://x"},
        {"NATS_URL": "nats://x"},
        {"NATS_URL": "nats://x", "CANARY_WEBHOOK_URL": "http://elsewhere/x"},
        {"NATS_URL": "nats://x", "CANARY_SMTP_HOST": "mail"},
        {"NATS_URL": "nats://x", "CANARY_SMTP_HOST": "mail", "CANARY_MAIL_TO": "a@b", "CANARY_SMTP_PORT": "x"},
    ],
)
def test_a_watch_that_could_not_tell_anybody_does_not_begin(environment: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        read_watch_settings(environment)


class Mailbox:
    """Takes what smtplib would send."""

    sent: ClassVar[list[tuple[str, Any]]] = []

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self.host = host

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def starttls(self, context: object) -> None:
        self.sent.append(("tls", self.host))

    def login(self, user: str, password: str) -> None:
        self.sent.append(("login", user))

    def send_message(self, mail: Any) -> None:
        self.sent.append(("mail", mail))


def test_alerts_go_by_mail_and_webhook_and_one_failing_does_not_silence_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bodies: list[bytes] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(500 if len(bodies) > 1 else 200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    monkeypatch.setattr("smtplib.SMTP", Mailbox)
    Mailbox.sent = []
    with HTTPServer(("127.0.0.1", 0), Hook) as hook:
        thread = threading.Thread(target=hook.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{hook.server_address[1]}/a-secret-path"
        settings = read_watch_settings(
            {
                "NATS_URL": "nats://x",
                "CANARY_WEBHOOK_URL": url,
                "CANARY_SMTP_HOST": "mail.example",
                "CANARY_SMTP_USER": "canary",
                "CANARY_SMTP_PASSWORD": "a-password",
                "CANARY_MAIL_TO": "a@example.com, b@example.com",
            }
        )
        assert send_alert(settings, "governance is gone", "for 5 minutes") == []
        failures = send_alert(settings, "governance is gone", "for 5 minutes")
        hook.shutdown()
        thread.join()
    assert b"governance is gone" in bodies[0]
    assert [what for what, _ in Mailbox.sent] == ["tls", "login", "mail"] * 2
    assert failures == ["the webhook was not called: HTTPError"]
    assert "secret" not in repr(settings)
    assert "a-password" not in repr(settings)


@pytest.mark.parametrize("option", ["--after", "--every"])
@pytest.mark.parametrize("given", ["0", "-1", "nan", "inf"])
def test_a_time_that_is_none_is_wrong_usage(option: str, given: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(SystemExit) as left:
        parser.parse_args([option, given])
    assert left.value.code == 2
    assert "more than zero" in capsys.readouterr().err
