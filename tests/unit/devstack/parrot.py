"""A tiny server of our own for tests of `Server` itself: it says a word to whoever connects."""

import sys
from pathlib import Path
from typing import ClassVar

from devstack import Server
from devstack.probing import LINE_LIMIT, conversation

SPEAKING = """
import socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
print("listening", flush=True)
while True:
    peer, _ = listener.accept()
    peer.sendall(b"pieces of eight\\n")
    peer.close()
"""

SILENT = "import time; time.sleep(600)"

FAILING = "import sys; print('no seeds left'); sys.exit(3)"

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SPEAKING


class Parrot(Server):
    name: ClassVar[str] = "parrot"
    variable: ClassVar[str] = "PARROT_URL"
    program: ClassVar[str] = "parrot-server"
    distribution: ClassVar[str] = "parrot-wheel"
    script = SPEAKING
    installed = True

    @property
    def url(self) -> str:
        return f"parrot://127.0.0.1:{self.port}"

    def find_program(self) -> Path | None:
        return Path(sys.executable) if self.installed else None

    def command(self, program: Path) -> list[str]:
        return [str(program), "-I", "-S", "-c", self.script, str(self.port)]

    def probe(self) -> str:
        with conversation(self.port) as stream:
            if stream.readline(LINE_LIMIT) != b"pieces of eight\n":
                raise ValueError("not a parrot")
        return "8"


class SilentParrot(Parrot):
    script = SILENT


class FailingParrot(Parrot):
    script = FAILING


class StubbornParrot(Parrot):
    script = STUBBORN


class AbsentParrot(Parrot):
    installed = False
