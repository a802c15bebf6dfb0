"""What the gateway shows of the fleet."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from cio_strategist.domain.fleet.bot import BotOperation
from cio_strategist.service.fleet.fleet import BotStatus, Offer


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class BotView(_View):
    """How things stand with one bot."""

    name: str = Field(examples=["ta-bot"])
    reachable: bool = Field(description="Whether it answered when it was last asked.")
    operations: int = Field(description="Config operations known, from an earlier time while it is away.")
    age_seconds: float | None = Field(description="Seconds since they were read; null if they never were.")
    trouble: str | None = Field(description="What is wrong and what to do about it; null if nothing is.")
    notes: tuple[str, ...] = Field(description="What of it is not offered here, and why.")

    @classmethod
    def of(cls, status: BotStatus) -> Self:
        """Show a status."""
        return cls(
            name=status.name,
            reachable=status.reachable,
            operations=status.operations,
            age_seconds=status.age_seconds,
            trouble=status.trouble,
            notes=status.notes,
        )


class FleetView(_View):
    """How things stand with the fleet."""

    bots: tuple[BotView, ...]


class OperationView(_View):
    """One config operation of a bot."""

    name: str = Field(examples=["update_global_config"])
    tool: str = Field(description="Name of the tool that stands for it.", examples=["ta-bot__update_global_config"])
    method: str = Field(examples=["POST"])
    path: str = Field(examples=["/api/v1/strategies/{strategy_id}/config"])
    summary: str
    description: str
    writes: bool = Field(description="Whether it may change something.")
    permission: str = Field(description="What a token must allow.", examples=["config:write"])
    input_schema: dict[str, Any] = Field(description="JSON schema of its arguments; the request's body under `body`.")

    @classmethod
    def of(cls, operation: BotOperation) -> Self:
        """Show an operation."""
        return cls(
            name=operation.name,
            tool=operation.tool,
            method=operation.method,
            path=operation.path,
            summary=operation.summary,
            description=operation.description,
            writes=operation.writes,
            permission=operation.permission,
            input_schema=operation.input_schema,
        )


class OfferView(_View):
    """The config operations that a bot offers."""

    bot: str = Field(examples=["ta-bot"])
    age_seconds: float = Field(description="Seconds since they were read.")
    trouble: str | None = Field(description="Why they could not be read again since; null if nothing is wrong.")
    notes: tuple[str, ...] = Field(description="What is not offered here, and why.")
    operations: tuple[OperationView, ...]

    @classmethod
    def of(cls, offer: Offer) -> Self:
        """Show an offer."""
        return cls(
            bot=offer.bot.name,
            age_seconds=offer.age_seconds,
            trouble=offer.trouble,
            notes=offer.api.notes,
            operations=tuple(OperationView.of(operation) for operation in offer.api.operations),
        )


class StrategiesView(_View):
    """The strategies of all bots, in the bots' own envelope."""

    success: bool = True
    data: tuple[dict[str, Any], ...] = Field(description="What each bot says of each strategy, and which `bot` it is.")
    error: None = None
    metadata: dict[str, Any] = Field(description="`total_count`, and `away`: bots that could not be asked, and why.")
