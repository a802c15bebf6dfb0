"""Signs of life: what any service sends, what the engine's monitor reads, and what the governance answers."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from petrosa_contracts.instant import LATEST_EPOCH_SECONDS, epoch_now


class HeartbeatMessage(BaseModel):
    """The form the engine's monitor takes for a heartbeat; everything beyond these four fields is ignored.

    Only a `service` text is needed. Neither the status nor the age of `timestamp` makes a message invalid; ISO text as
    `timestamp` does. Raises `pydantic.ValidationError` for what the monitor would count as broken.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: str = Field(description="Name of the sending service.")
    timestamp: float = Field(default_factory=epoch_now, description="When it was sent, epoch seconds.")
    version: str = Field(default="1.0.0", description="Version of the sending service.")
    status: str = Field(default="healthy", description="State in the sender's own words; any text is taken.")


class RateLimitStatus(BaseModel):
    """How much of the exchange's request allowance the engine has used."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    weight_1m: int = Field(description="Request weight used within the current minute.")
    timestamp: float = Field(default_factory=epoch_now, description="When it was read, epoch seconds.")


class GovernanceStatus(StrEnum):
    """The governance's state in one word, as bots and the engine read it."""

    GOVERNANCE_ACTIVE = "GOVERNANCE_ACTIVE"
    DEGRADED = "DEGRADED"
    HALTED = "HALTED"
    FROZEN = "FROZEN"


class GovernanceHeartbeat(BaseModel):
    """What a gate answers when pinged and publishes on its own; readable as a `HeartbeatMessage`.

    Time is the sender's to give: there is no default for `timestamp`. Raises `pydantic.ValidationError` for missing or
    mistyped fields, an unknown status, a time or an age that is not finite, and a time after 2099, which is most likely
    in milliseconds.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: Literal["petrosa-cio"] = Field(default="petrosa-cio", description="Always petrosa-cio.")
    status: GovernanceStatus = Field(description="State in one word.")
    mode: str = Field(description="Mode in force, such as ACTIVE, SAFE or BLIND.")
    timestamp: float = Field(
        le=LATEST_EPOCH_SECONDS, allow_inf_nan=False, description="When it was made, epoch seconds."
    )
    version: str = Field(description="Version of the gate.")
    instance: str = Field(description="Which replica speaks.")
    epoch: int | None = Field(default=None, description="Policy epoch in force; null while no policy was ever loaded.")
    policy_age_seconds: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="Seconds since the policy was confirmed; null if never."
    )
    reasons: tuple[str, ...] = Field(default=(), description="What restricts the gate, and what it vetoes entries for.")
