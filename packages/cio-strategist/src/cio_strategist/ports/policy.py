"""Where policy and control are kept, and how they reach the gates."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from cio_strategist.domain.policy.audit import AuditRecord, HistoryFilter
from cio_strategist.domain.policy.outcome import Enforcement
from cio_strategist.domain.policy.projection import Shown, Update
from cio_strategist.domain.policy.proposal import Proposal, ProposalStatus
from cio_strategist.domain.policy.stored import Answer, Change, StoredPolicy

ChangeT = TypeVar("ChangeT", bound=Change)
ChangeT_co = TypeVar("ChangeT_co", bound=Change, covariant=True)


@dataclass(frozen=True, slots=True)
class Committed(Generic[ChangeT_co]):
    """A change as it was written."""

    change: ChangeT_co
    epoch: int | None
    """Count of the writes to that store after it: the epoch in Redis, the revision in MongoDB."""


class PolicyStore(Protocol):
    """Where policy and control state are kept. Any number of writers may use it at once.

    Everything here raises `StoreUnreachableError` when the store does not answer, and `StoreUnreadableError` when it
    holds something of another kind.
    """

    async def read(self) -> StoredPolicy:
        """Return everything stored, all of one moment."""
        ...

    async def commit(self, decide: Callable[[StoredPolicy], ChangeT]) -> Committed[ChangeT]:
        """Ask `decide` what to write, given what is stored, and write that whole or not at all.

        `decide` must be pure: it is asked again whenever another writer got in between. Raises `ConflictError` when
        others keep getting in between, and whatever `decide` raises; in both cases nothing was written.
        """
        ...


class History(Protocol):
    """The trail of changes, append only. Kept where the changes are kept, in the same transactions."""

    async def records(self, wanted: HistoryFilter, *, limit: int) -> Sequence[AuditRecord]:
        """Return the newest records that fit, newest first."""
        ...

    async def record(self, audit_id: str) -> AuditRecord | None:
        """Return one record."""
        ...

    async def at_version(self, scope: str, version: int) -> AuditRecord | None:
        """Return the record that made this version of a scope, the newest where older engines gave it twice."""
        ...

    async def proposals(self, status: ProposalStatus | None, *, limit: int) -> Sequence[Proposal]:
        """Return proposals, newest first."""
        ...

    async def proposal(self, proposal_id: str) -> Proposal | None:
        """Return one proposal."""
        ...

    async def answer(self, key: str) -> Answer | None:
        """Return what was answered to a request that carried this idempotency key."""
        ...


class AuthorityStore(PolicyStore, History, Protocol):
    """A store of policy with its history: the authority's own."""


class Projection(Protocol):
    """The store that gates read, as an authority shows its policy there.

    Everything here raises `StoreUnreachableError` when it does not answer. What is damaged in it reads as missing.
    """

    async def read(self) -> Shown:
        """Return what is shown, all of one moment."""
        ...

    async def update(self, plan: Callable[[Shown], Awaitable[Update | None]]) -> int | None:
        """Ask `plan` what to write, given what is shown, write that whole or not at all, and return the epoch after it.

        `plan` is asked again whenever somebody else wrote since it was given what is shown; what it reads meanwhile is
        therefore never older than what it overwrites. Raises `ConflictError` when others keep getting in between, and
        whatever `plan` raises; in both cases nothing was written.
        """
        ...


class ProjectionMetrics(Protocol):
    """Counts what happens to the projection."""

    def drift(self, fields: int) -> None:
        """Count a drift that was found and repaired: so many fields in Redis were not what was written there."""
        ...


class Enforcer(Protocol):
    """Carries what was committed on to where the gates read it."""

    async def begin(self) -> None:
        """Take over what gates have from before the authority; to be done before each write.

        Does nothing where anything was ever written. Raises `StoreUnreachableError` or `StoreUnreadableError` where
        there may be something and it cannot be taken over.
        """
        ...

    async def project(self) -> Enforcement:
        """Bring the gates' store up to date, within about a second, and say whether it is.

        Never raises for a store that is away: then it is tried again until it is done.
        """
        ...
