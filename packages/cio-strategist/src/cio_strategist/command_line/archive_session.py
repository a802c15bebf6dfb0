"""What commands about recorded decisions start with: an export, or the store that the environment names."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cio_strategist.settings import Settings

if TYPE_CHECKING:
    from cio_strategist.bootstrap import Archive

T = TypeVar("T")

FromFile = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", help="Read records from JSON Lines instead of MongoDB; - is the input."),
]


def with_archive(source: Path | None, use: "Callable[[Archive], Awaitable[T]]") -> T:
    """Open the recorded decisions and await `use`. Raises the errors of this package."""
    from cio_strategist.adapters import log
    from cio_strategist.bootstrap import archive_of, open_archive

    log.configure("ERROR", sys.stderr)

    async def work() -> T:
        if source is not None:
            return await use(archive_of(source))
        async with open_archive(Settings.load()) as archive:
            return await use(archive)

    return asyncio.run(work())
