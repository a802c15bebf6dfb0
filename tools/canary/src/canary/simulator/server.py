"""The simulated exchange behind a real socket on this machine."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from canary.errors import UnavailableError
from canary.simulator.door import Door

PATIENCE_SECONDS = 60.0


class SimulatorServer:
    """Serves one simulated exchange on a free port of 127.0.0.1; a context manager."""

    def __init__(self, exchange: Door) -> None:
        self._server = _Server(("127.0.0.1", 0), _Conversation)
        self._server.exchange = exchange
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    exchange: Door


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        headers = {"X-MBX-APIKEY": self.headers.get("X-MBX-APIKEY", "")}
        try:
            answer = self.server.exchange.send(self.command, self.path, headers, PATIENCE_SECONDS)
        except UnavailableError:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: what happens is in the exchange's list of calls."""
