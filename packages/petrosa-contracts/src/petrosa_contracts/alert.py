"""Alerts: what needs somebody's attention, in the form that the fleet's readers of `alerts.>` take."""

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_serializer

from petrosa_contracts import subjects
from petrosa_contracts.instant import UtcDatetime


class AlertSeverity(StrEnum):
    """How much attention an alert asks for."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


def _severity(value: object) -> object:
    return value if value in set(AlertSeverity) else AlertSeverity.WARNING


class Alert(BaseModel):
    """One alert. Readers drop a second one with the same `dedupe_key`, for as long as they see fit.

    A severity of another word than the three reads as `warning`, as the fleet's readers take it. Raises
    `pydantic.ValidationError` for missing or mistyped fields.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    category: str = Field(min_length=1, description="What part of governance it concerns, such as primal or audit.")
    severity: Annotated[AlertSeverity, BeforeValidator(_severity)] = Field(
        description="How much attention it asks for."
    )
    strategy_id: str = Field(description="Strategy it is about; the name of a service where it is about that.")
    action: str = Field(description="Its kind, as in its subject.")
    message: str = Field(description="One sentence a person can act on.")
    decision_id: str = Field(default="", description="Decision it is about; empty where it is about none.")
    timestamp: UtcDatetime = Field(description="When it was raised, UTC, written to the second with Z.")
    dedupe_key: str = Field(pattern=r"^[0-9a-f]{16}$", description="Equal for alerts of the same cause.")

    @classmethod
    def of(
        cls,
        action: str,
        strategy_id: str,
        *,
        category: str,
        severity: AlertSeverity,
        message: str,
        at: datetime,
        decision_id: str = "",
        cause: str = "",
    ) -> Self:
        """Return an alert whose key is made of category, action, strategy and `cause`.

        `cause` tells two alerts of one kind apart, such as by the instance that raises it or by what is wrong; without
        it, every alert of that kind about that strategy counts as the same.
        """
        told = json.dumps((category, action, strategy_id, cause))
        return cls(
            category=category,
            severity=severity,
            strategy_id=strategy_id,
            action=action,
            message=message,
            decision_id=decision_id,
            timestamp=at,
            dedupe_key=hashlib.sha256(told.encode()).hexdigest()[:16],
        )

    @property
    def subject(self) -> str:
        """Where it is published: `alerts.cio.<action>.<strategy>`."""
        return subjects.alert(self.action, self.strategy_id)

    @field_serializer("timestamp")
    def _to_the_second(self, timestamp: datetime) -> str:
        return f"{timestamp:%Y-%m-%dT%H:%M:%SZ}"
