"""Modes: what the gate's own inputs allow, and the reasons."""

from dataclasses import dataclass
from datetime import datetime

from petrosa_contracts import Mode


@dataclass(frozen=True, slots=True)
class AgeLimits:
    """Seconds since policy was last confirmed, after which it counts as stale and as lost."""

    stale_seconds: float
    lost_seconds: float


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is known about the gate's inputs. `confirmed_at` is when the store last said that policy still holds."""

    confirmed_at: datetime | None = None
    store_up: bool = False
    trouble: str = ""
    """Why what the store holds is not believed; empty if it is."""


@dataclass(frozen=True, slots=True)
class SystemMode:
    """A mode of the gate itself and the reason for it; the reason is empty when ACTIVE."""

    mode: Mode
    reason: str = ""


def system_mode(inputs: Inputs, limits: AgeLimits, now: datetime) -> SystemMode:
    """Return the mode that the inputs allow: ACTIVE, CONSERVATIVE or BLIND."""
    if inputs.confirmed_at is None:
        why = inputs.trouble or ("no policy was ever written" if inputs.store_up else "Redis has not answered yet")
        return SystemMode(Mode.BLIND, f"policy was never loaded, {why}")
    age = (now - inputs.confirmed_at).total_seconds()
    if age > limits.lost_seconds:
        return SystemMode(Mode.BLIND, f"policy was last confirmed {age:.0f} seconds ago")
    if inputs.trouble:
        return SystemMode(Mode.CONSERVATIVE, inputs.trouble)
    if not inputs.store_up:
        return SystemMode(Mode.CONSERVATIVE, "Redis is away")
    if age > limits.stale_seconds:
        return SystemMode(Mode.CONSERVATIVE, f"policy was last confirmed {age:.0f} seconds ago")
    return SystemMode(Mode.ACTIVE)
