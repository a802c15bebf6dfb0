"""Who asks: the class of a caller and what it may do."""

from dataclasses import dataclass
from enum import StrEnum

from cio_strategist.errors import ForbiddenError, UnauthenticatedError


class Permission(StrEnum):
    """One thing a token allows. Written into tokens, so a word never changes its meaning."""

    READ = "config:read"
    WRITE = "config:write"
    TIGHTEN = "control:tighten"
    LOOSEN = "control:loosen"
    APPROVE = "proposals:approve"


class CallerClass(StrEnum):
    """What kind of caller it is; each has a loosening budget of its own."""

    AGENT = "agent"
    """A program that decides by itself, such as a language model or a watchdog."""
    OPERATOR = "operator"
    """A person."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose identity was verified, or `ANONYMOUS`."""

    name: str
    kind: CallerClass
    permissions: frozenset[Permission]
    token_id: str | None = None
    """Id of the token that proved it; None for a command line that holds the store's own credentials."""

    def require(self, permission: Permission) -> None:
        """Raise `UnauthenticatedError` for nobody and `ForbiddenError` for somebody who lacks `permission`."""
        if permission in self.permissions:
            return
        if self == ANONYMOUS:
            raise UnauthenticatedError(f"this needs a token with {permission}: send Authorization: Bearer <token>")
        raise ForbiddenError(f"the token of {self.name} does not allow {permission}: ask an operator for one that does")


ANONYMOUS = Caller("anonymous", CallerClass.AGENT, frozenset({Permission.READ}))
"""A caller without a token: it may look, and change nothing."""


def operator_at_the_console(name: str) -> Caller:
    """Return the caller behind a command line: whoever holds the store's credentials may do everything."""
    return Caller(name, CallerClass.OPERATOR, frozenset(Permission))
