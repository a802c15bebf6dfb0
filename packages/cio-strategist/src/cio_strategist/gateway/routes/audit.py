"""The trail of every change of parameters and control."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from cio_strategist.domain.access.caller import Permission
from cio_strategist.domain.policy.audit import AuditRecord, HistoryFilter, Subject
from cio_strategist.domain.policy.scope_key import parse_scope
from cio_strategist.errors import NotFoundError
from cio_strategist.gateway.auth import Inside, Reader
from cio_strategist.gateway.paging import Cursor, HistoryPage, Limit, page_of
from cio_strategist.gateway.problems import READ_PROBLEMS
from cio_strategist.gateway.routes.policy import OrderSide, Strategy, Symbol
from cio_strategist.gateway.routes.scopes import checked_scope
from petrosa_contracts.instant import UtcDatetime

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])


@router.get("", summary="The trail", responses=READ_PROBLEMS)
async def trail(
    services: Inside,
    caller: Reader,
    scope: Annotated[str | None, Query(description="Only of this scope.", examples=["symbol:BTCUSDT"])] = None,
    symbol: Symbol = None,
    side: OrderSide = None,
    strategy_id: Strategy = None,
    subject: Annotated[Subject | None, Query(description="Only records about this.")] = None,
    since: Annotated[UtcDatetime | None, Query(description="Only from then on; without an offset it is UTC.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> HistoryPage:
    """List changes, newest first, each with the whole state before and after, who made it and why."""
    caller.require(Permission.READ)
    wanted = HistoryFilter(
        scope=None if scope is None else parse_scope(checked_scope(scope)).key,
        symbol=None if symbol is None else symbol.upper(),
        side=side,
        strategy_id=strategy_id,
        subject=subject,
        since=since,
    )
    return await page_of(services.reader, wanted, limit=limit, cursor=cursor)


@router.get("/{audit_id}", summary="One record", responses=READ_PROBLEMS)
async def one_record(
    services: Inside, caller: Reader, audit_id: Annotated[str, Path(examples=["4f1c2b9d8e7a4c55a0d1b2c3d4e5f607"])]
) -> AuditRecord:
    """Tell one record of the trail."""
    caller.require(Permission.READ)
    record = await services.reader.record(audit_id)
    if record is None:
        raise NotFoundError(f"there is no audit record {audit_id[:64]!r}")
    return record
