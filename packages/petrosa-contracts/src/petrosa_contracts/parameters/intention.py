"""Intention: what somebody who sent a wrong value probably meant.

Guesses only. Whoever uses one checks that it is valid first.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from math import isfinite
from typing import Final

from petrosa_contracts.parameters.definition import Parameter, Risk, Unit

_LONGEST_WORD: Final = 64
"""Longer text is no slip of the pen, and comparing it would be slow."""
_NUMBER: Final = re.compile(r"\s*([+-]?\d{1,15}(?:\.\d{1,15})?)\s*(%?)\s*", re.ASCII)
_CERTAINLY_PERCENT: Final = 2
_DIGITS: Final = 12
"""Decimals kept after a conversion, so that 0.07 becomes 7.0 and not 7.000000000000001."""


def word_meant(text: str, words: Iterable[str]) -> str | None:
    """Return the word that `text` resembles most, or `None`. Case, blanks and hyphens do not matter."""
    if len(text) > _LONGEST_WORD:
        return None
    by_letters = {_letters(word): word for word in words}
    nearest = get_close_matches(_letters(text), by_letters, n=1)
    return by_letters[nearest[0]] if nearest else None


def boolean_meant(value: object) -> bool | None:
    """Return the truth value behind 0, 1, "true" or "False", or `None`."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower()) if len(value) <= _LONGEST_WORD else None
    if isinstance(value, int | float) and value in {0, 1}:
        return bool(value)
    return None


def number_meant(value: object, unit: Unit) -> float | None:
    """Return the number behind a float or text such as "10", "0.5" or, where it fits the unit, "10 %"; else `None`."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    match = _NUMBER.fullmatch(value) if isinstance(value, str) and len(value) <= _LONGEST_WORD else None
    if match is None:
        return None
    number = float(match[1])
    if not match[2] or unit is Unit.PERCENT:
        return number
    return round(number / 100, _DIGITS) if unit is Unit.FRACTION else None


def unit_meant(parameter: Parameter, value: float) -> tuple[float, str] | None:
    """Return the converted value and a sentence about it if `value` looks like the wrong unit, else `None`.

    A percent where a fraction belongs, or a fraction where a percent belongs, counts if the conversion lands within
    the bounds. Between 1 and 2 a percent is only assumed where that is the safer reading: 1.5 as a confidence is more
    likely a slip than 1.5 %, and taking it for the latter would all but remove the threshold.
    """
    low, high = parameter.minimum, parameter.maximum
    if low is None or high is None:
        return None
    if parameter.unit is Unit.FRACTION and max(1, 100 * low) <= value <= 100 * high:
        if value < _CERTAINLY_PERCENT and parameter.risk is Risk.LOWERS:
            return None
        fraction = round(value / 100, _DIGITS)
        return fraction, f"it looks like a percent, but the unit is a fraction: {value:g} % is {fraction:g}"
    if parameter.unit is Unit.PERCENT and low / 100 <= value < low:
        percent = round(value * 100, _DIGITS)
        return percent, f"it looks like a fraction, but the unit is percent: {value:g} of one is {percent:g} %"
    return None


def _letters(text: str) -> str:
    return text.strip().lower().replace("-", "_").replace(" ", "_")
