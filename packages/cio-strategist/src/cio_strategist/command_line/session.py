"""What every command starts and ends with: settings, the stores, and errors told as sentences and exit codes."""

import asyncio
import atexit
import signal
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import typer

from cio_strategist.command_line.console import say, shown, warn
from cio_strategist.domain.access.caller import operator_at_the_console
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.stored import StoredPolicy
from cio_strategist.errors import PrimalLimitError, RejectedError, StoreUnreachableError, StrategistError, UsageError
from cio_strategist.settings import Settings
from petrosa_contracts import Code

if TYPE_CHECKING:
    from cio_strategist.bootstrap import Governance

T = TypeVar("T")

REFUSED = 1
"""Exit code: refused or failed; nothing was done."""
WRONG_USAGE = 2
"""Exit code: the command line or the environment cannot be understood."""

_BLIND = (
    "no policy was ever loaded: the gate is BLIND and lets only risk-reducing intents pass; cio-policy init ends that"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is stored, with the epoch that gates know."""

    stored: StoredPolicy
    is_known: bool = True
    """Whether it is known what the gates see; else there is no epoch."""

    def warn_of_blindness(self) -> None:
        """Warn of gates that have no policy at all."""
        if self.is_known and self.stored.epoch is None:
            warn(_BLIND)


@dataclass(frozen=True, slots=True)
class Session:
    """One command at work."""

    governance: "Governance"
    operator: str
    """Who is at work, as far as the system knows."""

    async def look(self) -> Seen:
        """Return everything stored; while the authority's store is away, what the gates see.

        Warns of that, and of anything that gates do not see yet.
        """
        governance = self.governance
        if governance.authority is None:
            return Seen(await governance.store.read())
        try:
            stored = await governance.store.read()
        except StoreUnreachableError as error:
            warn(f"{error}; so this is what the gates see in Redis")
            return Seen(await governance.gates_store.read())
        try:
            seen = await governance.gates_store.read()
        except StoreUnreachableError as error:
            warn(f"{error}; what the gates see is not known")
            return Seen(replace(stored, epoch=None), is_known=False)
        if (seen.layers, seen.control) != (stored.layers, stored.control):
            warn("the gates do not see all of this yet: cio-policy rebuild says why")
        return Seen(replace(stored, epoch=seen.epoch))

    def request(
        self,
        *,
        by: str | None = None,
        reason: str | None = None,
        expect_version: int | None = None,
    ) -> ChangeRequest:
        """Return the circumstances of a change, signed by `by`, else the operator.

        Raises `UsageError` for a blank `by`.
        """
        if by is not None and not by.strip():
            raise UsageError("--by is empty: say who makes the change")
        return ChangeRequest(
            caller=operator_at_the_console(self.operator), reason=reason, changed_by=by, expect_version=expect_version
        )


def run(use: Callable[[Session], Awaitable[T]]) -> T:
    """Open the stores that the environment names, await `use`, and turn errors into sentences and exit codes."""
    from cio_strategist.adapters import log
    from cio_strategist.bootstrap import open_governance

    with reporting():
        settings = Settings.load()
        log.configure("ERROR", sys.stderr)

        async def work() -> T:
            async with open_governance(settings) as governance:
                return await use(Session(governance, settings.operator))

        return asyncio.run(work())


@contextmanager
def reporting() -> Generator[None]:
    """Tell every error of this package on standard error and leave with its exit code."""
    try:
        yield
    except RejectedError as error:
        for wrong in error.errors:
            meant = "" if wrong.suggested_value is None else f" (suggested: {shown(wrong.suggested_value)})"
            warn(f"{wrong.field}: {wrong.code}: {wrong.message}{meant}")
        warn("nothing was written")
        raise typer.Exit(REFUSED) from error
    except PrimalLimitError as error:
        for beyond in error.excesses:
            meant = "" if beyond.suggested is None else f" (suggested: {shown(beyond.suggested)})"
            warn(f"{beyond.name}: {Code.PRIMAL_LIMIT}: {beyond.message}{meant}")
        warn("nothing was written" + (f"; the attempt is recorded as {error.audit_id}" if error.audit_id else ""))
        raise typer.Exit(REFUSED) from error
    except UsageError as error:
        warn(f"wrong usage: {error}")
        raise typer.Exit(WRONG_USAGE) from error
    except StrategistError as error:
        warn(str(error))
        raise typer.Exit(REFUSED) from error
    finally:
        # MongoDB's client waits for its threads while the interpreter ends; a Ctrl-C then ends it, and prints nothing.
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_DFL)


def say_epoch(epoch: int | None) -> None:
    """Print the epoch, if there is one and it is known."""
    if epoch is not None:
        say(f"epoch {epoch}")
