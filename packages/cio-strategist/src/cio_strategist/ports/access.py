"""Who may do what: second factors and tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cio_strategist.domain.access.token import StoredToken


class SecondFactor(Protocol):
    """Proof that the person who asks holds more than a token."""

    async def verify(self, code: str | None, *, caller: str) -> None:
        """Use up a code. Raises `SecondFactorError`, saying what to do, if it is missing, wrong, used or locked."""
        ...


class SecondFactorStore(Protocol):
    """What must be remembered of second factors, across processes and restarts."""

    async def spend(self, step: int) -> bool:
        """Use up the code of a time step. False if that step, or a later one, was used before."""
        ...

    async def failures_since(self, moment: datetime) -> Sequence[datetime]:
        """Return when wrong codes were given since then, oldest first."""
        ...

    async def fail(self, at: datetime) -> None:
        """Remember a wrong code."""
        ...

    async def forgive(self) -> None:
        """Forget all wrong codes, after a right one."""
        ...


class TokenStore(Protocol):
    """Bearer tokens, of which only a digest is kept."""

    async def add(self, token: StoredToken) -> None:
        """Keep a new token. Raises `ConflictError` if its id or its name is taken by one in use."""
        ...

    async def find(self, token_id: str) -> StoredToken | None:
        """Return a token by its id."""
        ...

    async def all(self) -> Sequence[StoredToken]:
        """Return every token, revoked and expired ones included, oldest first."""
        ...

    async def revoke(self, token_id: str, at: datetime) -> bool:
        """End a token. False if there is none of that id, or it was revoked before."""
        ...
