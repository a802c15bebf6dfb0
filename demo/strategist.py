"""The strategist's process: the real `cio-strategist`, watched by the same guard as the servers."""

import json
import urllib.request
from pathlib import Path
from typing import ClassVar

import pyotp

from demo.command import find_script, told
from demo.gate import INTENTS
from demo.ledger import Seat
from demo.market import FORMS
from devstack import DevStack, Server

_CLASSES = {Seat.MODEL: "agent", Seat.OPERATOR: "operator"}


class Strategist(Server):
    """Owner of policy, market feed, portfolio tracker and recorder in one process, on a stack's servers and exchange.

    It is started once all of them say that they are ready; regimes may take some seconds more.
    """

    name: ClassVar[str] = "strategist"
    variable: ClassVar[str] = "STRATEGIST_URL"
    program: ClassVar[str] = "cio-strategist"
    distribution: ClassVar[str] = "cio-strategist"

    def __init__(self, stack: DevStack) -> None:
        super().__init__(stack.folder / self.name)
        self._stores = {"MONGODB_URI": stack.mongo.url, "REDIS_URL": stack.redis.url}
        self._market = {
            "NATS_URL": stack.nats.url,
            "STRATEGIST_EXCHANGE_URL": stack.exchange.url,
            "STRATEGIST_EXCHANGE_API_KEY": stack.exchange.api_key,
            "STRATEGIST_EXCHANGE_API_SECRET": stack.exchange.api_secret,
            "STRATEGIST_REGIME_SYMBOLS": ",".join(FORMS),
            "STRATEGIST_PRICE_POLL_SECONDS": "1",
            "STRATEGIST_PORTFOLIO_SECONDS": "1",
        }
        self.audit_key = stack.folder / "audit.pem"
        """What signs the chain's checkpoints; it must be there before the start."""
        self._recording = {
            "NATS_TOPIC_INTENTS": INTENTS,
            "STRATEGIST_AUDIT_KEY_FILE": str(self.audit_key),
            "STRATEGIST_CHECKPOINT_RECORDS": "50",
        }
        self.totp_secret = pyotp.random_base32()
        """What the operator's authenticator was set up with."""

    @property
    def url(self) -> str:
        """The address of its MCP side."""
        return f"http://127.0.0.1:{self.port}/mcp"

    def find_program(self) -> Path | None:
        """Return the console script."""
        return find_script(self.program)

    def command(self, program: Path) -> list[str]:
        """Return the command line; its environment holds nothing but what the demo sets."""
        settings = {
            **self._stores,
            **self._market,
            **self._recording,
            "STRATEGIST_HTTP_PORT": str(self.port),
            "STRATEGIST_TOTP_SECRET": self.totp_secret,
            "STRATEGIST_WRITES_PER_MINUTE": "600",
        }
        line = ["env", "-i", *(f"{name}={value}" for name, value in settings.items()), str(program)]
        return [*line, "--roles", "gateway,feed,tracker,recorder"]

    def probe(self) -> str:
        """Return what it says once it is ready."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as page:
            return str(json.load(page))

    async def make_token(self, seat: Seat) -> str:
        """Return a new token, as an operator makes it at the console. Raises `CommandError`."""
        words = "token", "create", seat, "--class", _CLASSES[seat]
        return await told("cio-policy", *words, environment=self._stores)
