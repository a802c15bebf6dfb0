"""The parameters of a request, read strictly."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from devstack.exchange.refusals import Reason, RefusedError

E = TypeVar("E", bound=StrEnum)


class Parameters:
    """Named texts as they came in the query and the body; whatever is missing or unreadable raises `RefusedError`."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def has(self, name: str) -> bool:
        """Whether a parameter was sent and is not empty."""
        return bool(self._texts.get(name))

    def text(self, name: str) -> str:
        """Return a parameter that must be there."""
        if not self.has(name):
            raise RefusedError(Reason.MANDATORY_PARAMETER, name)
        return self._texts[name]

    def optional(self, name: str, default: str = "") -> str:
        """Return a parameter, or the default."""
        return self._texts.get(name) or default

    def decimal(self, name: str) -> Decimal:
        """Return a finite number."""
        try:
            value = Decimal(self.text(name))
        except InvalidOperation as error:
            raise RefusedError(Reason.MANDATORY_PARAMETER, name) from error
        if not value.is_finite():
            raise RefusedError(Reason.MANDATORY_PARAMETER, name)
        return value

    def optional_decimal(self, name: str) -> Decimal:
        """Return a finite number, 0 when it was not sent."""
        return self.decimal(name) if self.has(name) else Decimal(0)

    def integer(self, name: str) -> int:
        """Return a whole number."""
        try:
            return int(self.text(name))
        except ValueError as error:
            raise RefusedError(Reason.MANDATORY_PARAMETER, name) from error

    def optional_integer(self, name: str) -> int | None:
        """Return a whole number, None when it was not sent."""
        return self.integer(name) if self.has(name) else None

    def flag(self, name: str) -> bool:
        """Return a boolean, false when it was not sent."""
        word = self.optional(name, "false").lower()
        if word not in {"true", "false"}:
            raise RefusedError(Reason.INVALID_PARAMETER, name)
        return word == "true"

    def choice(self, name: str, kind: type[E], wrong: Reason, default: E | None = None) -> E:
        """Return one of an enumeration's words; `wrong` is raised for any other."""
        if default is not None and not self.has(name):
            return default
        word = self.text(name)
        if word not in {each.value for each in kind}:
            raise RefusedError(wrong, name)
        return kind(word)

    def limit(self, default: int, most: int) -> int:
        """Return how many rows are wanted, between 1 and `most`."""
        wanted = self.optional_integer("limit")
        if wanted is None:
            return default
        if not 1 <= wanted <= most:
            raise RefusedError(Reason.INVALID_PARAMETER, "limit")
        return wanted
