"""What the commands need from the outside."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from cio_strategist.domain.stored import Change, StoredPolicy

ChangeT = TypeVar("ChangeT", bound=Change)


class PolicyStore(Protocol):
    """Where policy and control state are kept. Any number of writers may use it at once."""

    def read(self) -> StoredPolicy:
        """Return everything stored, all of one moment."""
        ...

    def commit(self, decide: Callable[[StoredPolicy], ChangeT]) -> tuple[ChangeT, int | None]:
        """Ask `decide` what to write, given what is stored, and write that whole or not at all.

        `decide` must be pure: it is asked again whenever another writer got in between. Returns the change as it was
        written and the epoch after it. Raises `ConflictError` when others keep getting in between, and whatever
        `decide` raises; in both cases nothing was written.
        """
        ...
