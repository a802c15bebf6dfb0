"""Clearing a latch of the portfolio. Pure."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pydantic import Field

from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.audit import AuditRecord, Subject
from cio_strategist.domain.policy.outcome import OutcomeStatus, Told
from cio_strategist.domain.policy.stored import Decided, Write
from cio_strategist.domain.portfolio.book import Latch
from petrosa_contracts import PortfolioState
from petrosa_contracts.instant import UtcDatetime

PORTFOLIO_SCOPE = "portfolio"
"""What records of clearings name as their scope."""


class LatchOutcome(Told):
    """What became of clearing a latch."""

    latch: Latch
    cleared_at: UtcDatetime = Field(description="Readings before this instant do not count any more.")
    latched: Decimal | None = Field(
        description="What was latched: quote currency for the day's loss, a fraction for drawdown; null: not known."
    )


@dataclass(frozen=True, slots=True)
class LatchOrder:
    """A latch to clear."""

    latch: Latch
    request: ChangeRequest
    now: datetime
    new_id: str
    """Id for the record."""


def decide_latch(order: LatchOrder, shown: PortfolioState | None) -> Decided[LatchOutcome]:
    """Return the record of clearing a latch, and what to tell of it; `shown` is the portfolio that gates see."""
    latched = _latched(order.latch, shown)
    request = order.request
    record = AuditRecord(
        id=order.new_id,
        subject=Subject.LATCH,
        scope=PORTFOLIO_SCOPE,
        action="update",
        edit="clear",
        before={"latch": order.latch.value, "latched": None if latched is None else str(latched)},
        after={"latch": order.latch.value, "latched": "0", "cleared_at": order.now.isoformat()},
        version_before=None,
        version=None,
        changed_by=request.author,
        caller=request.caller.name,
        caller_class=request.caller.kind,
        reason=request.reason,
        thought_trace=request.thought_trace,
        at=order.now,
        request_id=request.request_id,
    )
    outcome = LatchOutcome(
        status=OutcomeStatus.APPLIED,
        scope=PORTFOLIO_SCOPE,
        audit_id=record.id,
        message=f"{order.latch} is cleared and counts anew from the equity of now",
        latch=order.latch,
        cleared_at=order.now,
        latched=latched,
    )
    return Decided(Write(scope=None, audit=record), outcome)


def _latched(latch: Latch, shown: PortfolioState | None) -> Decimal | None:
    if shown is None:
        return None
    return shown.drawdown_latched if latch is Latch.DRAWDOWN else shown.daily_loss_latched
