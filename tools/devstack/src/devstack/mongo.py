"""A server that speaks MongoDB's wire protocol."""

from pathlib import Path
from typing import ClassVar

from devstack.mongo_wire import ask
from devstack.ports import LOOPBACK
from devstack.programs import find_script
from devstack.server import Server


class Mongo(Server):
    """A MongoDB-wire server (SecantusDB, run as a program of its own) whose documents survive `stop` and `start`.

    It presents itself as the primary of a replica set with one member, so transactions and change streams work. The
    version it tells is the MongoDB version whose behaviour it follows.
    """

    name: ClassVar[str] = "mongo"
    variable: ClassVar[str] = "MONGODB_URI"
    program: ClassVar[str] = "secantusd-py"
    distribution: ClassVar[str] = "secantusdb"
    # Its accept loop notices the end with the next connection, or after two seconds.
    ends_with_next_connection: ClassVar[bool] = True

    @property
    def url(self) -> str:
        """The address for clients, `mongodb://127.0.0.1:PORT/`."""
        return f"mongodb://{LOOPBACK}:{self.port}/"

    def find_program(self) -> Path | None:
        """Return the program of the wheel secantusdb, else one on PATH."""
        return find_script(self.program)

    def command(self, program: Path) -> list[str]:
        """Return the command line; an empty configuration file keeps the user's own (`~/.secantus`) out of it."""
        settings = self.folder / "empty.toml"
        settings.touch()
        options = {
            "--config": str(settings),
            "--host": LOOPBACK,
            "--port": str(self.port),
            "--storage-path": str(self.data_folder),
            "--cache-size": "256M",
            "--log-level": "INFO",
        }
        return [str(program), *(word for pair in options.items() for word in pair)]

    def probe(self) -> str:
        """Return the version once the server answers `hello` as a primary that takes writes."""
        if ask(self.port, "hello").get("isWritablePrimary") is not True:
            raise ValueError("the server does not take writes yet")
        return str(ask(self.port, "buildInfo").get("version"))
