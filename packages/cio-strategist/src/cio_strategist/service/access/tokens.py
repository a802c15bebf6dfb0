"""Tokens: making, ending, listing and verifying them."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta

import structlog

from cio_strategist.domain.access import token as tokens
from cio_strategist.domain.access.caller import ANONYMOUS, Caller, CallerClass, Permission
from cio_strategist.domain.access.token import StoredToken
from cio_strategist.domain.duration import LONGEST
from cio_strategist.errors import NotFoundError, UsageError
from cio_strategist.ports import Clock, TokenStore

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Tokens:
    """The bearer tokens of this service. Everything here raises `StoreUnreachableError` when their store is away."""

    def __init__(self, store: TokenStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def create(
        self,
        name: str,
        kind: CallerClass,
        permissions: Iterable[Permission] | None = None,
        *,
        lasting: timedelta | None = None,
    ) -> tuple[StoredToken, str]:
        """Make a token and return what is kept of it, and its text, which cannot be had again.

        By default it allows what its class needs, and it ends after `lasting`, or never. Raises `UsageError` for a
        name that cannot be used, for permissions that are none, and for a duration that is not positive or beyond
        `duration.LONGEST`; `RefusedError` for an agent that would hold what only operators may; `ConflictError` for a
        name that a token in force has.
        """
        if lasting is not None and not timedelta(0) < lasting <= LONGEST:
            raise UsageError(f"a token lasts up to {LONGEST.days} days: give that or less, or nothing for no end")
        now = self._clock.now()
        secret = secrets.token_urlsafe(tokens.SECRET_BYTES)
        token = StoredToken(
            id=secrets.token_hex(tokens.ID_BYTES),
            name=tokens.checked_name(name),
            kind=kind,
            permissions=tokens.checked_permissions(kind, permissions),
            digest=tokens.digest_of(secret),
            created_at=now,
            expires_at=None if lasting is None else now + lasting,
        )
        await self._store.add(token)
        _log.info(
            "token_created",
            token_id=token.id,
            name=token.name,
            kind=kind,
            permissions=token.permissions,
            expires_at=token.expires_at,
        )
        return token, tokens.written(token.id, secret)

    async def revoke(self, id_or_name: str) -> StoredToken:
        """End a token at once, by its id, by its name if it is in force, or by itself, and return it as it then is.

        One that was revoked before stays as it is. Raises `NotFoundError` if there is none.
        """
        wanted = id_or_name.strip()
        # Whoever found a token that leaked has all of it, and no error may repeat it.
        found = tokens.id_in(wanted) or (wanted if tokens.is_id(wanted) else None)
        token_id = found or await self._id_of(wanted)
        revoked = await self._store.revoke(token_id, self._clock.now())
        token = await self._store.find(token_id)
        if token is None:
            raise NotFoundError(f"there is no token {token_id}: cio-policy token list shows them")
        if revoked:
            _log.info("token_revoked", token_id=token.id, name=token.name)
        return token

    async def all(self) -> Sequence[StoredToken]:
        """Return every token, revoked and expired ones included, oldest first."""
        return await self._store.all()

    async def caller_of(self, text: str | None) -> Caller:
        """Return whom a token's text speaks for; without one, `ANONYMOUS`, who may only look.

        The store is asked every time, so that a revoked token ends at once. Raises `UnauthenticatedError` for
        anything but a token in force, an empty text included.
        """
        if text is None:
            return ANONYMOUS
        token_id, secret = tokens.parts_of(text)
        return tokens.caller_of(await self._store.find(token_id), secret, self._clock.now())

    async def _id_of(self, name: str) -> str:
        now = self._clock.now()
        for token in await self._store.all():
            if token.name == name and token.in_force(now):
                return token.id
        raise NotFoundError(f"no token in force is named {name[:80]!r}: cio-policy token list shows them")
