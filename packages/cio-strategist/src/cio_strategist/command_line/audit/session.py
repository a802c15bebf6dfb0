"""What commands about the audit chain start with: settings, the store, and the keys that are trusted."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cio_strategist.adapters.clock import SystemClock
from cio_strategist.command_line.session import reporting
from cio_strategist.domain.duration import parse_duration
from cio_strategist.errors import UsageError
from cio_strategist.settings import Settings
from petrosa_contracts.instant import as_utc

if TYPE_CHECKING:
    from cio_strategist.adapters.mongo.chain_store import MongoChainStore
    from cio_strategist.adapters.mongo.trail import MongoTrail
    from cio_strategist.adapters.signing import TrustedKeys

T = TypeVar("T")

_WHEN = "2026-02-25T12:00:00Z, or 30m, 2h, 1d for so long ago"
SINCE = typer.Option(metavar="WHEN", help=f"From then on: {_WHEN}.")
Since = Annotated[str | None, SINCE]
Until = Annotated[str | None, typer.Option(metavar="WHEN", help=f"Before that: {_WHEN}.")]
PublicKeys = Annotated[
    list[Path] | None,
    typer.Option(
        "--public-key",
        metavar="FILE",
        help="Key that is trusted, PEM; again for each former one. Else STRATEGIST_AUDIT_PUBLIC_KEYS.",
    ),
]


@dataclass(frozen=True, slots=True)
class AuditSession:
    """One command at work."""

    settings: Settings
    store: "MongoChainStore"
    trail: "MongoTrail"


def run_audit(use: Callable[[AuditSession], Awaitable[T]]) -> T:
    """Open the store that the environment names, await `use`, and turn errors into sentences and exit codes."""
    from cio_strategist.adapters import log
    from cio_strategist.adapters.mongo.chain_store import MongoChainStore
    from cio_strategist.adapters.mongo.connection import PATIENT_SECONDS, connect
    from cio_strategist.adapters.mongo.trail import MongoTrail

    with reporting():
        settings = Settings.load()
        log.configure("ERROR", sys.stderr)
        if settings.mongodb_uri is None:
            raise UsageError("MONGODB_URI is not set: the audit chain is kept in MongoDB")
        uri = settings.mongodb_uri.get_secret_value()

        async def work() -> T:
            async with connect(uri, settings.mongodb_database, answer_seconds=PATIENT_SECONDS) as mongo:
                return await use(AuditSession(settings, MongoChainStore(mongo), MongoTrail(mongo)))

        return asyncio.run(work())


def trusted_keys(files: Sequence[Path] | None, settings: Settings | None = None) -> "TrustedKeys | None":
    """Return the keys in these files, else those that the settings name; None if there are none.

    Raises `UsageError` for a file that holds no key.
    """
    from cio_strategist.adapters.signing import TrustedKeys, read_public_key

    named = list(files or ())
    if not named:
        settings = settings or Settings.load()
        named = [*settings.audit_public_keys, *([settings.audit_key_file] if settings.audit_key_file else [])]
    return TrustedKeys(*map(read_public_key, named)) if named else None


def parse_moment(text: str) -> datetime:
    """Read a moment: ISO text, UTC unless it says otherwise, or how long ago it was, such as `90m`.

    Raises `UsageError` for anything else.
    """
    try:
        return as_utc(datetime.fromisoformat(text))
    except ValueError:
        return SystemClock().now() - _ago(text)


def _ago(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except UsageError:
        raise UsageError(
            f"{text[:40]!r} is no moment: use 2026-02-25T12:00:00Z, or 30m, 2h, 1d for so long ago"
        ) from None
