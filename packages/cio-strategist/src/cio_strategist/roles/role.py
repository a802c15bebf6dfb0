"""Roles: which there are, and what an open one gives to the process that runs it."""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cio_strategist.adapters.telemetry import Telemetry
from cio_strategist.gateway.server import HttpServer
from cio_strategist.gateway.services import Readiness, ReadReadiness
from cio_strategist.settings import Settings


class Role(StrEnum):
    """What a process does. One process may have several roles."""

    GATEWAY = "gateway"
    FEED = "feed"
    TRACKER = "tracker"
    RECORDER = "recorder"


PURPOSES: Mapping[Role, str] = {
    Role.GATEWAY: "Owns policy: HTTP, MCP, and the projection of policy to Redis. Needs MONGODB_URI.",
    Role.FEED: "Knows the market: live prices, the exchange's rules and regimes, into Redis. Needs NATS_URL.",
    Role.TRACKER: "Knows the portfolio: the account on the exchange and fills as they come, into Redis. Needs NATS_URL "
    "and a key that may read the account.",
    Role.RECORDER: "Keeps the audit chain: records of decisions, fail-safe reports and changes, from the streams into "
    "MongoDB. Needs NATS_URL and MONGODB_URI.",
}
"""What each role is for, as `--help` tells it."""


@dataclass(frozen=True, slots=True)
class ActiveRole:
    """A role with everything it needs open."""

    role: Role
    tasks: tuple[Callable[[], Coroutine[Any, Any, None]], ...]
    """Each is started once and goes on until cancelled. One that ends otherwise, or raises, ends the process."""
    readiness: ReadReadiness
    """Facts go under the role's own name; only the gateway's stand beside `ready`."""
    open_doors: Callable[[ReadReadiness], HttpServer] | None = None
    """Makes the HTTP server of a role that has routes of its own; `/readyz` there tells the readiness given, which is
    that of all roles. The process opens one for the probes where no role does."""


OpenRole = Callable[[Settings, Telemetry], AbstractAsyncContextManager[ActiveRole]]
"""Opens a role on what the settings name. Whatever is away is waited for by the role's tasks, not here."""


def readiness_of(roles: Iterable[ActiveRole]) -> Readiness:
    """Return the readiness of a process: ready if every role is, with the facts of all."""
    told = [active.readiness() for active in roles]
    facts: dict[str, Any] = {}
    for readiness in told:
        facts |= readiness.facts
    return Readiness(ready=all(readiness.ready for readiness in told), facts=facts)
