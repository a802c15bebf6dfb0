"""Pages of the audit trail, by a cursor that stays true while new records come in."""

import re
from dataclasses import replace
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from cio_strategist.domain.policy.audit import AuditRecord, HistoryFilter
from cio_strategist.errors import UsageError
from cio_strategist.service.policy.reading import PolicyReader

_CURSOR = re.compile(r"([ro])([0-9]{1,15})")
_FARTHEST = 10_000
"""How many records without a place in the order of changes can be paged through."""

Limit = Annotated[int, Query(ge=1, le=200, description="Records on a page.")]
Cursor = Annotated[str | None, Query(max_length=32, description="`next` of the page before.")]


class HistoryPage(BaseModel):
    """Records of the trail, newest first."""

    records: list[AuditRecord]
    next: str | None = Field(description="Cursor of the next page; null: this is the last one.", examples=["r41"])


async def page_of(reader: PolicyReader, wanted: HistoryFilter, *, limit: int, cursor: str | None) -> HistoryPage:
    """Return one page. Raises `UsageError` for a cursor that no page gave."""
    before, skip = _place(cursor)
    found = await reader.history(replace(wanted, before_revision=before), limit=skip + limit + 1)
    records = list(found[skip : skip + limit])
    following = None
    if len(found) > skip + limit and records:
        following = _cursor_after(records, skip)
    return HistoryPage(records=records, next=following)


def _place(cursor: str | None) -> tuple[int | None, int]:
    if cursor is None:
        return None, 0
    match = _CURSOR.fullmatch(cursor)
    number = int(match.group(2)) if match else 0
    if match is None or (match.group(1) == "o" and number > _FARTHEST):
        raise UsageError(f"{cursor!r} is no cursor: give the `next` of the page before")
    return (number, 0) if match.group(1) == "r" else (1, number)


def _cursor_after(records: list[AuditRecord], skip: int) -> str | None:
    last = records[-1].revision
    if last is not None:
        return f"r{last}"
    # Records of older engines come last and have no place in the order of changes, so they are counted instead:
    # no record has a place before the first.
    counted = skip + sum(record.revision is None for record in records)
    return f"o{counted}" if counted <= _FARTHEST else None
