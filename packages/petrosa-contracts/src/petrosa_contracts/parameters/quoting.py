"""Quoting: how a value somebody sent is shown back to them, short whatever they sent."""

import math
from collections.abc import Mapping
from reprlib import Repr
from typing import Final

_LONGEST: Final = 80
"""Most characters of a value that a message repeats."""
_LARGEST_INTEGER_BITS: Final = 200
"""Beyond it an integer is described: printing one of a million digits is slow and may be refused."""


class _ShortRepr(Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 2
        self.maxdict = self.maxlist = self.maxtuple = 4
        self.maxstring = self.maxother = 50

    def repr_int(self, x: int, level: int) -> str:
        if x.bit_length() <= _LARGEST_INTEGER_BITS:
            return super().repr_int(x, level)
        sign = "negative " if x < 0 else ""
        return f"a {sign}number of about {math.ceil(x.bit_length() * math.log10(2))} digits"


_SHORT = _ShortRepr()
_KINDS: Final[Mapping[type[object], str]] = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "text",
    dict: "an object",
    list: "a list",
    type(None): "null",
}
_JSON_WORDS: Final = {"None": "null", "True": "true", "False": "false"}


def quote(value: object) -> str:
    """Return a value as text for a message: about 80 printable characters at most, null and booleans as in JSON."""
    text = _SHORT.repr(value)
    text = _JSON_WORDS.get(text, text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def field_name(name: object) -> str:
    """Return a key as the name of a field: as it is if it is short, printable text, else quoted."""
    if isinstance(name, str) and len(name) <= _LONGEST and name.isprintable():
        return name
    return quote(name)


def kind(value: object) -> str:
    """Return what JSON calls the type of a value, or the name of its class if JSON has no such type."""
    if isinstance(value, float) and not math.isfinite(value):
        return "a value that is not finite"
    return _KINDS.get(type(value)) or type(value).__name__[:_LONGEST]


def number_text(number: float) -> str:
    """Return one of the catalogue's own numbers for reading: 1000000.0 as 1,000,000 and 1e-06 as 0.000001."""
    return f"{number:,.6f}".rstrip("0").rstrip(".")
