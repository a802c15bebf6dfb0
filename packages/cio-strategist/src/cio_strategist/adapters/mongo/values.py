"""Values as documents hold them, read with patience: several engines and people wrote them. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

from petrosa_contracts.instant import as_utc

Document: TypeAlias = Mapping[str, Any]
"""A document as it is stored."""

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""What a time reads as that a document should have and has not, or not legibly."""


def read_time(value: object) -> datetime | None:
    """Read a stored time as aware UTC: a date, naive ones being UTC, or ISO text. None for anything else."""
    try:
        if isinstance(value, str):
            return as_utc(datetime.fromisoformat(value))
        return as_utc(value) if isinstance(value, datetime) else None
    except ValueError:
        return None


def read_count(value: object) -> int | None:
    """Read a stored whole number; shells write it as 3.0. None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value)


def read_text(value: object) -> str | None:
    """Read a stored text. None for anything else."""
    return value if isinstance(value, str) else None


def read_map(value: object) -> dict[str, Any] | None:
    """Read a stored map with text keys, its values as JSON can hold them. None for anything else."""
    if not isinstance(value, dict):
        return None
    plain: dict[str, Any] = json.loads(to_text(cast("object", value)))
    return plain


def to_text(value: object) -> str:
    """Return JSON text for a stored value.

    NaN stays NaN, so that whoever validates it finds it; a type that JSON does not have becomes text, and times become
    ISO text.
    """
    return json.dumps(value, default=_foreign, ensure_ascii=False, separators=(",", ":"), skipkeys=True)


def iso_text(moment: datetime) -> str:
    """Return a time as models write it, with Z for UTC."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _foreign(value: object) -> str:
    moment = read_time(value)
    return str(value) if moment is None else iso_text(moment)
