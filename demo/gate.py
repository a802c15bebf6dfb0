"""The gate's process: the real `cio-nurse`, watched by the same guard as the servers, so that it cannot outlive us."""

import json
import urllib.request
from pathlib import Path
from typing import ClassVar

from demo.command import find_script
from devstack import DevStack, Server
from petrosa_contracts import subjects

INTENTS = f"{subjects.INTENTS},{subjects.LEGACY_INTENTS}"
"""Where bots send to, older ones included."""


class Gate(Server):
    """One Nurse that serves the bots of a stack, older ones included. It is started once its `/readyz` says so."""

    name: ClassVar[str] = "nurse"
    variable: ClassVar[str] = "NURSE_URL"
    program: ClassVar[str] = "cio-nurse"
    distribution: ClassVar[str] = "cio-nurse"

    def __init__(self, stack: DevStack) -> None:
        super().__init__(stack.folder / self.name)
        self._environment = {
            "NATS_URL": stack.nats.url,
            "REDIS_URL": stack.redis.url,
            "NATS_TOPIC_INTENTS": INTENTS,
            "NURSE_INSTANCE": "nurse-1",
            "NURSE_HEARTBEAT_SECONDS": "0.5",
            "NURSE_INPUTS": "market,regime,portfolio",
            # Nobody wants to wait 15 seconds here to see what a frozen feed does.
            "NURSE_MARKET_MAX_AGE_SECONDS": "3",
            "NURSE_MARKET_HARD_AGE_SECONDS": "5",
            # Servers, gate, bots and view share one machine here, which may be a small one.
            "NURSE_DECISION_DEADLINE_MS": "250",
            "NURSE_AUDIT_DEADLINE_MS": "250",
            "NURSE_JOURNAL_FOLDER": str(stack.folder / "journal"),
        }

    @property
    def url(self) -> str:
        """The address of its HTTP side."""
        return f"http://127.0.0.1:{self.port}"

    def find_program(self) -> Path | None:
        """Return the console script."""
        return find_script(self.program)

    def command(self, program: Path) -> list[str]:
        """Return the command line; its environment holds nothing but what the demo sets."""
        settings = {**self._environment, "NURSE_HTTP_PORT": str(self.port)}
        return ["env", "-i", *(f"{name}={value}" for name, value in settings.items()), str(program)]

    def probe(self) -> str:
        """Return the mode once the gate serves intents under a policy that it has loaded."""
        with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as page:
            return str(json.load(page)["mode"])
