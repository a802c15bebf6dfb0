"""The gate's process: the real `cio-nurse`, watched by the same guard as the servers, so that it cannot outlive us."""

from typing import ClassVar

from devstack import DevStack
from devstack.service import Service
from petrosa_contracts import subjects

INTENTS = f"{subjects.INTENTS},{subjects.LEGACY_INTENTS}"
"""Where bots send to, older ones included."""


class Gate(Service):
    """One Nurse that serves the bots of a stack, older ones included. It is started once its `/readyz` says so."""

    name: ClassVar[str] = "nurse"
    variable: ClassVar[str] = "NURSE_HTTP_PORT"
    program: ClassVar[str] = "cio-nurse"
    distribution: ClassVar[str] = "cio-nurse"

    def __init__(self, stack: DevStack) -> None:
        environment = {
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
        super().__init__(stack.folder / self.name, environment)
