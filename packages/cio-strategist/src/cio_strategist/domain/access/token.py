"""Bearer tokens: how they look, what is kept of them, what they may allow, and when they count. Pure."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from cio_strategist.domain.access.caller import ANONYMOUS, Caller, CallerClass, Permission
from cio_strategist.errors import RefusedError, UnauthenticatedError, UsageError
from petrosa_contracts.instant import UtcDatetime

ID_BYTES = 8
"""Random bytes of an id, which is public."""
SECRET_BYTES = 32
"""Random bytes of a secret."""
LONGEST_NAME = 80
"""Characters a token's name has at most."""

DEFAULT_PERMISSIONS = {
    CallerClass.AGENT: (Permission.READ, Permission.WRITE, Permission.TIGHTEN),
    CallerClass.OPERATOR: tuple(Permission),
}
"""What a token allows unless something else is asked for."""

OPERATORS_ONLY = frozenset({Permission.LOOSEN, Permission.APPROVE})
"""What no program may ever hold: to let more pass, and to decide what was proposed, is a person's."""

_PREFIX = "cio"
_TOKEN = re.compile(_PREFIX + r"_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_ID = re.compile(r"[0-9a-f]{16}")
_NO_DIGEST = "0" * 64


class StoredToken(BaseModel):
    """What is kept of a token; the secret itself is shown once, when it is made."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(pattern=r"^[0-9a-f]{16}$", description="Public part of the token, 16 hexadecimal digits.")
    name: str = Field(min_length=1, max_length=LONGEST_NAME, description="Who it was made for.")
    kind: CallerClass = Field(description="Class of the caller: agent or operator.")
    permissions: tuple[Permission, ...] = Field(min_length=1, description="What it allows.")
    digest: str = Field(pattern=r"^[0-9a-f]{64}$", repr=False, description="SHA-256 of the secret, hexadecimal.")
    created_at: UtcDatetime
    expires_at: UtcDatetime | None = Field(default=None, description="When it ends by itself; null: never.")
    revoked_at: UtcDatetime | None = Field(default=None, description="When it was ended; null: it was not.")

    def in_force(self, now: datetime) -> bool:
        """Whether it counts at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def written(token_id: str, secret: str) -> str:
    """Return the text of a token, as it is handed out once."""
    return f"{_PREFIX}_{token_id}_{secret}"


def id_in(text: str) -> str | None:
    """Return the id of the token whose whole text this is; None for anything else."""
    found = _TOKEN.fullmatch(text)
    return None if found is None else found[1]


def is_id(text: str) -> bool:
    """Whether `text` has the form of a token's id."""
    return _ID.fullmatch(text) is not None


def checked_name(name: str) -> str:
    """Return a token's name without the blanks around it. It signs changes, so it must be unmistakable.

    Raises `UsageError` for one that is empty, longer than `LONGEST_NAME`, cannot be shown, holds a colon (which parts
    what belongs to different callers), looks like a token's id, or is the name of callers without a token.
    """
    kept = name.strip()
    if not 0 < len(kept) <= LONGEST_NAME or not kept.isprintable() or ":" in kept:
        raise UsageError(f"the name of a token is 1 to {LONGEST_NAME} characters that can be shown, without a colon")
    if is_id(kept) or kept.casefold() == ANONYMOUS.name:
        raise UsageError(f"{kept} cannot be the name of a token: it would be taken for an id, or for nobody's")
    return kept


def checked_permissions(kind: CallerClass, wanted: Iterable[Permission] | None) -> tuple[Permission, ...]:
    """Return what a token of this class shall allow, each once; by default what the class needs.

    Raises `UsageError` for nothing at all, and `RefusedError` for an agent that would hold what only operators may.
    """
    chosen = set(DEFAULT_PERMISSIONS[kind] if wanted is None else wanted)
    if not chosen:
        raise UsageError(f"a token must allow something: {', '.join(Permission)}")
    if excess := _excess(kind, chosen):
        raise RefusedError(
            f"an agent never holds {excess}: letting more pass is a person's decision. Leave it out, or make a token "
            "of class operator for a person"
        )
    return tuple(permission for permission in Permission if permission in chosen)


def digest_of(secret: str) -> str:
    """Return what is kept of a secret. Secrets are random and long, so a plain digest cannot be searched back."""
    return hashlib.sha256(secret.encode()).hexdigest()


def parts_of(text: str) -> tuple[str, str]:
    """Return id and secret of a token's text. Raises `UnauthenticatedError` for anything that is no token."""
    found = _TOKEN.fullmatch(text)
    if found is None:
        raise UnauthenticatedError("this is not a token of this service: make one with cio-policy token create")
    return found[1], found[2]


def caller_of(token: StoredToken | None, secret: str, now: datetime) -> Caller:
    """Return whom a token speaks for; whoever has one may do at the least what everybody may without.

    Raises `UnauthenticatedError` if it is unknown, wrong, expired or revoked, or allows an agent what none may have.
    Only whoever has the right secret learns which.
    """
    digest = digest_of(secret)
    if not hmac.compare_digest(token.digest if token else _NO_DIGEST, digest) or token is None:
        raise UnauthenticatedError("the token is not known: make one with cio-policy token create")
    if token.revoked_at is not None:
        raise UnauthenticatedError(f"the token of {token.name} was revoked at {token.revoked_at:%Y-%m-%d %H:%M:%S}Z")
    if not token.in_force(now):
        raise UnauthenticatedError(f"the token of {token.name} expired at {token.expires_at:%Y-%m-%d %H:%M:%S}Z")
    if excess := _excess(token.kind, token.permissions):
        raise UnauthenticatedError(f"the token of {token.name} is an agent's and claims {excess}: no agent has it")
    return Caller(token.name, token.kind, ANONYMOUS.permissions.union(token.permissions), token.id)


def _excess(kind: CallerClass, permissions: Iterable[Permission]) -> str:
    return "" if kind is CallerClass.OPERATOR else " or ".join(sorted(OPERATORS_ONLY.intersection(permissions)))
