"""What an open role gives to the process that runs it."""

from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from cio_strategist.adapters.telemetry.gateway import Telemetry
from cio_strategist.gateway.readiness import Readiness, ReadReadiness
from cio_strategist.gateway.server import HttpServer
from cio_strategist.roles.role import Role
from cio_strategist.settings import Settings


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
