"""One connection to the exchange: what it survives, and what it refuses to do."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from canary.errors import UnavailableError
from canary.transport import HttpTransport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def server(*answers: bytes) -> Iterator[tuple[str, list[bytes], threading.Event]]:
    """Gives one answer to each connection and ends it; the requests, and an event once one was ended."""
    listener = socket.create_server(("127.0.0.1", 0))
    requests: list[bytes] = []
    ended = threading.Event()

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(20)
                requests.append(connection.recv(65536))
                connection.sendall(answer)
            ended.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", requests, ended
    finally:
        listener.close()
        thread.join(20)


def test_a_kept_connection_that_the_other_side_has_ended_is_not_used() -> None:
    with server(OK, OK) as (url, requests, ended):
        transport = HttpTransport(url)
        transport.send("GET", "/one", {}, 5)
        assert ended.wait(10)
        # An order sent into it would be of unknown fate.
        assert transport.send("POST", "/two", {}, 5).status == 200
        transport.close()
    assert [request.split()[1] for request in requests] == [b"/one", b"/two"]


def test_a_redirect_is_not_followed_with_the_key() -> None:
    elsewhere = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with server(elsewhere) as (url, _, _):
        transport = HttpTransport(url)
        assert transport.send("GET", "/one", {"X-MBX-APIKEY": "key"}, 5).status == 302
        transport.close()


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with server(OK) as (url, requests, _):
        transport = HttpTransport(url)
        assert transport.send("GET", "/one", {}, 5).status == 200
        transport.close()
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("answer", "maybe_done"),
    [(b"", True), (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", True), (b"nonsense\r\n\r\n", True)],
    ids=["nothing", "a piece", "no HTTP"],
)
def test_an_answer_that_is_none_leaves_it_open_whether_anything_was_done(answer: bytes, maybe_done: bool) -> None:
    with server(answer) as (url, _, _), pytest.raises(UnavailableError) as failed:
        HttpTransport(url).send("POST", "/one", {}, 5)
    assert failed.value.maybe_done is maybe_done


def test_nobody_there_means_that_nothing_was_done() -> None:
    with pytest.raises(UnavailableError) as failed:
        HttpTransport("http://127.0.0.1:1").send("POST", "/one", {}, 5)
    assert not failed.value.maybe_done
