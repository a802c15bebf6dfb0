"""Fail-safe limits: what holds on top of policy when the gate is in SAFE or CONSERVATIVE mode."""

from pydantic import BaseModel, ConfigDict, Field


class FailSafeLimits(BaseModel):
    """The built-in limits of degraded operation; the values are those the fleet has agreed on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_position_size_usd: float = Field(
        default=5000.0, gt=0, allow_inf_nan=False, description="Largest order notional, quote currency (USD)."
    )
    max_leverage: int = Field(default=10, ge=1, le=125, description="Largest leverage, x.")
    recovery_threshold: int = Field(default=3, ge=1, description="Consecutive heartbeats that end a bot's fail-safe.")
    heartbeat_timeout_seconds: float = Field(
        default=60.0,
        gt=0,
        allow_inf_nan=False,
        description="Age in seconds after which the last heartbeat no longer counts.",
    )
