"""Symbols: what counts as one, and how a nearly right list of them was probably meant."""

from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 40


def is_symbol(text: str) -> bool:
    """Whether text has the form of an exchange symbol: 1 to 40 upper-case letters, digits and underscores."""
    return 0 < len(text) <= _LONGEST and all(map(_belongs, text)) and text == text.upper()


def symbols_meant(entries: Iterable[object]) -> list[str] | None:
    """Return the symbols that can be made out, cleaned, each once and in order; `None` if there are none.

    Blanks, slashes and hyphens go, lower case becomes upper case, and a settlement suffix after a colon is dropped.
    Never an empty list: that would be read as "every symbol".
    """
    cleaned = (_cleaned(entry) for entry in entries if isinstance(entry, str) and len(entry) <= 2 * _LONGEST)
    return list(dict.fromkeys(symbol for symbol in cleaned if is_symbol(symbol))) or None


def _cleaned(text: str) -> str:
    return "".join(filter(_belongs, text.partition(":")[0])).upper()


def _belongs(character: str) -> bool:
    return character.isalnum() or character == "_"
