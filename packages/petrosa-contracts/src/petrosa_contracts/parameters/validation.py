"""Validation: what is wrong with a set of parameter values, all of it at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from math import isfinite
from sys import float_info
from typing import Any, Final, Literal, TypeAlias, TypeGuard, cast

from petrosa_contracts.parameters.catalogue import CATALOGUE
from petrosa_contracts.parameters.definition import Parameter, ParameterType
from petrosa_contracts.parameters.intention import boolean_meant, number_meant, unit_meant, word_meant
from petrosa_contracts.parameters.quoting import field_name, kind, number_text, quote
from petrosa_contracts.parameters.symbols import is_symbol, symbols_meant

ErrorCode: TypeAlias = Literal["UNKNOWN_PARAMETER", "INVALID_TYPE", "OUT_OF_RANGE", "INVALID_VALUE"]

_EXPECTED: Final[Mapping[ParameterType, str]] = {
    ParameterType.INTEGER: "a whole number written without a decimal point",
    ParameterType.FLOAT: "a finite number",
    ParameterType.BOOLEAN: "true or false",
    ParameterType.STRING: "text",
    ParameterType.DICT: "an object with a weight of 0 or more for each name",
    ParameterType.LIST: "a list of symbols",
}
_NAMED_ENTRIES: Final = 3
"""How many offending entries of a list a message names."""


@dataclass(frozen=True, slots=True)
class ParameterError:
    """One thing wrong with one value of a patch.

    `code` is one of UNKNOWN_PARAMETER (no parameter of that name), INVALID_TYPE (wrong JSON type, null where null is no
    value, NaN or infinity), OUT_OF_RANGE (a number beyond the bounds) and INVALID_VALUE (a word that is not allowed, or
    a list entry that is no symbol or is repeated). These are the codes of the fleet's config API with one difference:
    INVALID_TYPE stands for every wrong type, where that API says VALIDATION_ERROR for wrong booleans, strings and maps.
    """

    field: str
    """Name of the parameter, with the key after a dot for an entry of a map, such as `strategy_weights.momentum`."""
    code: ErrorCode
    message: str
    """One sentence for a person or a model: what is wrong, what is allowed, what was sent. Short for any input."""
    suggested_value: Any = dataclass_field(default=None, hash=False)
    """What was probably meant, always valid in place of the wrong value; for an unknown name the nearest known name.
    `None` if there is no good guess."""


def validate_patch(patch: Mapping[str, object]) -> tuple[ParameterError, ...]:
    """Return everything that is wrong with `patch`, in its order; empty if all of it may be stored.

    Each value is judged by itself: that a minimum lies above a maximum set elsewhere is not seen here. Never raises for
    anything that JSON can hold, nor for NaN, infinities and integers of any size. Booleans are not numbers, 10.0 is not
    an integer, an integer will do where a float is meant, and null is a value of nullable parameters only.
    """
    errors: list[ParameterError] = []
    for name, value in patch.items():
        parameter = CATALOGUE.get(name)
        if parameter is None:
            errors.append(_unknown(name))
        elif value is not None:
            errors += _CHECKS[parameter.type](parameter, value)
        elif not parameter.nullable:
            errors.append(_wrong_type(parameter, value))
    return tuple(errors)


def _unknown(name: object) -> ParameterError:
    nearest = word_meant(name, CATALOGUE) if isinstance(name, str) else None
    hint = f"did you mean {nearest}?" if nearest else "no known name is close to it"
    return ParameterError(field_name(name), "UNKNOWN_PARAMETER", f"{quote(name)} is not a parameter: {hint}", nearest)


def _wrong_type(parameter: Parameter, value: object, meant: object = None) -> ParameterError:
    words = parameter.allowed_values
    expected = f"one of {', '.join(words)}" if words else _EXPECTED[parameter.type]
    null = " or null" if parameter.nullable else ""
    message = f"{parameter.name} must be {expected}{null}, not {_sent(value)}"
    suggested = None if meant is None or _CHECKS[parameter.type](parameter, meant) else meant
    return ParameterError(parameter.name, "INVALID_TYPE", message, suggested)


def _sent(value: object) -> str:
    return kind(value) if value is None else f"{kind(value)} ({quote(value)})"


def _is_number(value: object) -> TypeGuard[int | float]:
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _check_integer(parameter: Parameter, value: object) -> tuple[ParameterError, ...]:
    if _is_number(value) and isinstance(value, int):
        return _check_bounds(parameter, value)
    meant = number_meant(value, parameter.unit)
    whole = int(meant) if meant is not None and meant.is_integer() else None
    return (_wrong_type(parameter, value, whole),)


def _check_float(parameter: Parameter, value: object) -> tuple[ParameterError, ...]:
    if _is_number(value):
        return _check_bounds(parameter, value)
    return (_wrong_type(parameter, value, number_meant(value, parameter.unit)),)


def _check_bounds(parameter: Parameter, value: float) -> tuple[ParameterError, ...]:
    low, high = parameter.minimum, parameter.maximum
    if low is None or high is None or low <= value <= high:
        return ()
    message = (
        f"{parameter.name} must be between {number_text(low)} and {number_text(high)} ({parameter.unit.phrase}), "
        f"not {quote(value)}"
    )
    suggested: float = low if value < low else high
    if (meant := unit_meant(parameter, value)) is not None:
        suggested, why = meant
        message = f"{message}; {why}"
    return (ParameterError(parameter.name, "OUT_OF_RANGE", message, suggested),)


def _check_boolean(parameter: Parameter, value: object) -> tuple[ParameterError, ...]:
    return () if isinstance(value, bool) else (_wrong_type(parameter, value, boolean_meant(value)),)


def _check_choice(parameter: Parameter, value: object) -> tuple[ParameterError, ...]:
    if not isinstance(value, str):
        return (_wrong_type(parameter, value),)
    allowed = parameter.allowed_values or ()
    if value in allowed:
        return ()
    message = f"{parameter.name} must be one of {', '.join(allowed)} (exactly so), not {quote(value)}"
    return (ParameterError(parameter.name, "INVALID_VALUE", message, word_meant(value, allowed)),)


def _check_weights(parameter: Parameter, value: object) -> tuple[ParameterError, ...]:
    if not isinstance(value, Mapping):
        return (_wrong_type(parameter, value),)
    entries = cast("Mapping[object, object]", value)
    errors = (_check_weight(parameter, key, weight) for key, weight in entries.items())
    return tuple(error for error in errors if error is not None)


def _check_weight(parameter: Parameter, key: object, weight: object) -> ParameterError | None:
    field = f"{parameter.name}.{field_name(key)}"
    if not isinstance(key, str):
        return ParameterError(field, "INVALID_TYPE", f"the names in {parameter.name} must be text, not {kind(key)}")
    if not _is_number(weight) or weight > float_info.max:
        meant = number_meant(weight, parameter.unit)
        suggested = meant if meant is not None and meant >= 0 else None
        message = f"{field} must be a finite number that a float can hold, not {_sent(weight)}"
        return ParameterError(field, "INVALID_TYPE", message, suggested)
    if weight < 0:
        return ParameterError(field, "OUT_OF_RANGE", f"{field} must be 0 or more, not {quote(weight)}", 0.0)
    return None


def _check_symbols(parameter: Parameter, value: object) -> tuple[ParameterError, ...]:
    if not isinstance(value, list | tuple):
        listed = value.replace(",", " ").split() if isinstance(value, str) else ()
        return (_wrong_type(parameter, value, symbols_meant(listed)),)
    entries = cast("Sequence[object]", value)
    seen: set[str] = set()
    wrong: list[object] = []
    for entry in entries:
        if not isinstance(entry, str) or not is_symbol(entry) or entry in seen:
            wrong.append(entry)
        else:
            seen.add(entry)
    if not wrong:
        return ()
    named = ", ".join(map(quote, wrong[:_NAMED_ENTRIES]))
    more = f" and {len(wrong) - _NAMED_ENTRIES} more" if len(wrong) > _NAMED_ENTRIES else ""
    message = (
        f"{parameter.name} must hold symbols as the exchange spells them, in upper case and each once, such as "
        f"BTCUSDT; wrong or repeated: {named}{more}"
    )
    code: ErrorCode = "INVALID_VALUE" if all(isinstance(entry, str) for entry in wrong) else "INVALID_TYPE"
    return (ParameterError(parameter.name, code, message, symbols_meant(entries)),)


_CHECKS: Final[Mapping[ParameterType, Callable[[Parameter, object], tuple[ParameterError, ...]]]] = {
    ParameterType.INTEGER: _check_integer,
    ParameterType.FLOAT: _check_float,
    ParameterType.BOOLEAN: _check_boolean,
    ParameterType.STRING: _check_choice,
    ParameterType.DICT: _check_weights,
    ParameterType.LIST: _check_symbols,
}
