"""Decoding: from bytes to a strict intent, or to the breaches that say why not."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import jiter
from pydantic import ConfigDict, ValidationError
from pydantic_core import ErrorDetails, to_json

from cio_decision.breaches import built_in_breach
from cio_decision.gates import payload_invalid, stop_invalid
from cio_decision.identity import identity_of, signal_id_of
from cio_decision.instants import read_instant
from cio_decision.intent import Intent
from petrosa_contracts import Breach, Code, Signal

MAX_BREACHES = 10
"""How many problems of one payload are listed."""

MAX_STRATEGY_ID = 200
"""Characters that a strategy id may have."""

MAX_SYMBOL = 64
"""Characters that a symbol may have."""

_LARGEST_LEVERAGE = 1_000_000
_ENTRIES = ("buy", "sell")


@dataclass(frozen=True, slots=True)
class PayloadLimits:
    """How large (bytes) and how deeply nested (levels) a payload may be."""

    max_bytes: int = 65_536
    max_depth: int = 16


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A payload that became no intent: why, and what of it could be recognised all the same."""

    breaches: tuple[Breach, ...]
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def text(self, name: str) -> str | None:
        """Return a field of the payload if it is there as text."""
        value = self.payload.get(name)
        return value if isinstance(value, str) else None


class _StrictSignal(Signal):
    """A signal whose fields have to be of their own type already, and whose numbers have to be finite."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class _RefusedError(Exception):
    """Carries the breaches out of the steps of decoding; never leaves this module."""

    def __init__(self, *breaches: Breach) -> None:
        super().__init__(breaches[0].message)
        self.breaches = breaches


def decode(raw: bytes, limits: PayloadLimits) -> Intent | Unreadable:
    """Read one payload strictly. Never raises, whatever the bytes.

    Refuses what is too large or too deep, repeated keys, numbers that are not finite, text or booleans where numbers
    belong, fields that the engine would refuse, prices that are not positive and a negative quantity. Nothing is
    repaired: a timestamp that gives no instant stays None.
    """
    payload: Mapping[str, Any] = {}
    try:
        payload = _parse(raw, limits)
        signal = _signal(raw, payload)
        _check_values(signal)
        return Intent(
            signal=signal,
            payload=payload,
            instant=read_instant(payload.get("timestamp")),
            recommended_leverage=_recommended_leverage(payload, signal),
            signal_id=signal_id_of(payload),
            identity=identity_of(payload, raw),
        )
    except _RefusedError as refusal:
        return Unreadable(refusal.breaches, payload)


def _parse(raw: bytes, limits: PayloadLimits) -> Mapping[str, Any]:
    if len(raw) > limits.max_bytes:
        raise _RefusedError(
            payload_invalid.breach(
                f"The payload has {len(raw)} bytes and may have at most {limits.max_bytes}.",
                measured=len(raw),
                limit=limits.max_bytes,
                unit="bytes",
            )
        )
    try:
        payload = jiter.from_json(raw, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        raise _RefusedError(payload_invalid.breach(f"The payload is not strict JSON: {error}.")) from error
    if not isinstance(payload, dict):
        raise _RefusedError(payload_invalid.breach("The payload is not a JSON object."))
    found = cast("dict[str, Any]", payload)
    _check_nesting(raw, found, limits.max_depth)
    # A number beyond the floats, such as 1e999, parses to infinity; encoding again is the cheapest way to find one.
    if b"Infinity" in to_json(found):
        _check_finite(found)
    return found


def _check_nesting(raw: bytes, payload: Mapping[str, Any], max_depth: int) -> None:
    if raw.count(b"{") + raw.count(b"[") <= max_depth:
        return
    deepest = max(depth for depth, value in _walk(payload) if isinstance(value, dict | list))
    if deepest > max_depth:
        raise _RefusedError(
            payload_invalid.breach(
                f"The payload is nested {deepest} levels deep and may be at most {max_depth}.",
                measured=deepest,
                limit=max_depth,
                unit="levels",
            )
        )


def _check_finite(payload: Mapping[str, Any]) -> None:
    for _, value in _walk(payload):
        if isinstance(value, float) and not math.isfinite(value):
            raise _RefusedError(payload_invalid.breach("The payload holds a number that is too large to be read."))


def _walk(root: Mapping[str, Any]) -> Iterator[tuple[int, object]]:
    waiting: list[tuple[int, object]] = [(1, root)]
    while waiting:
        depth, value = waiting.pop()
        yield depth, value
        if isinstance(value, dict):
            waiting.extend((depth + 1, child) for child in cast("dict[str, object]", value).values())
        elif isinstance(value, list):
            waiting.extend((depth + 1, child) for child in cast("list[object]", value))


def _signal(raw: bytes, payload: Mapping[str, Any]) -> Signal:
    try:
        return _StrictSignal.model_validate_json(raw)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise _RefusedError(*(_breach_of(detail, payload) for detail in details[:MAX_BREACHES])) from error


def _breach_of(detail: ErrorDetails, payload: Mapping[str, Any]) -> Breach:
    """Name the problem with one field; a share out of its range in an entry gets the code of the rule it breaks."""
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] in {"less_than_equal", "greater_than_equal"} and payload.get("action") in _ENTRIES:
        value = cast("float", payload[name])
        if name in {"stop_loss_pct", "take_profit_pct"}:
            return stop_invalid.fraction_breach(name, value)
        if name == "position_size_pct" and value > 1:
            return built_in_breach(
                Code.POSITION_SIZE_MAX,
                measured=value,
                limit=1.0,
                unit="fraction",
                message=f"position_size_pct is a fraction and {value:g} is more than the whole equity: if percent was "
                f"meant, send {value / 100:g}.",
            )
    sentence = detail["msg"][:1].lower() + detail["msg"][1:]
    return payload_invalid.breach(f"{name or 'payload'}: {sentence}.", unit="field", measured=name or None)


def _check_values(signal: Signal) -> None:
    problems = [
        payload_invalid.breach(f"{name} is {value:g} and must be above 0.", measured=value, limit=0.0, unit="price")
        for name, value in (("price", signal.price), ("current_price", signal.current_price))
        if value <= 0
    ]
    if signal.quantity < 0:
        problems.append(
            payload_invalid.breach(
                f"quantity is {signal.quantity:g} and must not be negative.",
                measured=signal.quantity,
                limit=0.0,
                unit="base asset",
            )
        )
    if not signal.strategy_id.strip() or len(signal.strategy_id) > MAX_STRATEGY_ID:
        problems.append(
            payload_invalid.breach(
                f"strategy_id must have 1 to {MAX_STRATEGY_ID} characters.", unit="field", measured="strategy_id"
            )
        )
    if not _is_symbol(signal.symbol):
        problems.append(
            payload_invalid.breach(
                f"symbol must be in upper case, without blanks, 1 to {MAX_SYMBOL} characters, such as BTCUSDT.",
                measured=signal.symbol[:MAX_SYMBOL],
                unit="field",
            )
        )
    if problems:
        raise _RefusedError(*problems)


def _is_symbol(text: str) -> bool:
    return 0 < len(text) <= MAX_SYMBOL and text.isprintable() and not set(" :") & set(text) and text == text.upper()


def _recommended_leverage(payload: Mapping[str, Any], signal: Signal) -> float | None:
    value = payload.get("recommended_leverage")
    if value is None or signal.action not in _ENTRIES:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST_LEVERAGE:
        raise _RefusedError(
            payload_invalid.breach(
                f"recommended_leverage must be null or a number from 0 to {_LARGEST_LEVERAGE:,}.",
                unit="field",
                measured="recommended_leverage",
            )
        )
    return value
