"""Keys of scopes as people and programs write them."""

from cio_strategist.errors import UsageError
from petrosa_contracts import Scope, ScopeError


def parse_scope(key: str) -> Scope:
    """Read a scope key. Raises `UsageError` naming the forms that exist."""
    try:
        return Scope.parse(key)
    except ScopeError as error:
        raise UsageError(str(error)) from error
