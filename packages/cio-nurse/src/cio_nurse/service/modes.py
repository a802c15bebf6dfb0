"""Modes: what the standing of a gate's policy allows, and the reasons."""

from dataclasses import dataclass
from datetime import datetime

from cio_decision.freshness import Ages
from petrosa_contracts import Mode


@dataclass(frozen=True, slots=True)
class PolicyStanding:
    """What is known about the policy that a gate has. `confirmed_at` is when the store last said that it holds."""

    confirmed_at: datetime | None = None
    store_up: bool = False
    trouble: str = ""
    """Why what the store holds is not believed; empty if it is."""
    refusal: str = ""
    """Why the store takes no approvals although it answers; empty if it does."""


@dataclass(frozen=True, slots=True)
class SystemMode:
    """A mode of the gate itself and the reason for it; the reason is empty when ACTIVE."""

    mode: Mode
    reason: str = ""


def system_mode(standing: PolicyStanding, limits: Ages, now: datetime) -> SystemMode:
    """Return the mode that policy's standing allows: ACTIVE, CONSERVATIVE or BLIND."""
    if standing.confirmed_at is None:
        why = standing.trouble or ("no policy was ever written" if standing.store_up else "Redis has not answered yet")
        return SystemMode(Mode.BLIND, f"policy was never loaded, {why}")
    age = (now - standing.confirmed_at).total_seconds()
    old, why = f"policy was last confirmed {age:.0f} seconds ago", standing.trouble
    if not why and standing.refusal:
        why = f"Redis takes no approvals: {standing.refusal}"
    if not why and not standing.store_up:
        why = "Redis is away"
    if age > limits.lost_seconds:
        return SystemMode(Mode.BLIND, f"{old}, {why}" if why else old)
    if why or age > limits.stale_seconds:
        return SystemMode(Mode.CONSERVATIVE, why or old)
    return SystemMode(Mode.ACTIVE)
