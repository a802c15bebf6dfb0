"""What a bot let through while the gate did not answer, told afterwards so that the record has it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from petrosa_contracts.verdict import Verdict


class FailSafeReport(BaseModel):
    """One intent that a bot let through by its fail-safe limits, with the verdict it gave itself.

    It comes at least once: until somebody acknowledges it, it is sent again, with the decision id as `Nats-Msg-Id`,
    so that a JetStream stream keeps it once.
    """

    model_config = ConfigDict(frozen=True)

    verdict: Verdict = Field(description="What the bot decided in the gate's place.")
    intent: dict[str, Any] | None = Field(description="The intent as it was asked; null if it is too large to keep.")
    reason: str = Field(description="Why the bot decided itself.")
    heartbeat_age_seconds: float | None = Field(
        ge=0, description="Age of the last heartbeat at that moment; null if none was ever heard."
    )
    dropped: int = Field(default=0, ge=0, description="Reports that this bot could not keep since it started.")
