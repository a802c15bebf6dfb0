"""Whether a process does what it is for, as its probes tell it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the process does what it is for, as `/readyz` tells it."""

    ready: bool
    """For the gateway: whether it takes writes and they are enforced. Reads may well be answered without."""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    """What that rests on, such as whether MongoDB and Redis answer. Values are plain JSON without credentials."""


ReadReadiness = Callable[[], Readiness]
"""Tells facts known at the moment; must not wait for anything."""
