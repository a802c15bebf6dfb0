"""The fail-safe limits, applied in the bot: a pure function of an intent and of what is known."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError

from petrosa_contracts.client.governance import ENTRIES, Knowledge
from petrosa_contracts.control import Mode
from petrosa_contracts.failsafe import FailSafeLimits
from petrosa_contracts.signal import Signal
from petrosa_contracts.sizing import largest_value, order_amounts, reference_price
from petrosa_contracts.verdict import Breach, Code

MAX_PAYLOAD_BYTES = 65_536
"""Largest intent, encoded: what the gate takes unless told otherwise."""

# The gate refuses NaN and infinity; written as null, a senseless stop would look like none.
_JSON = TypeAdapter[Any](Any, config=ConfigDict(ser_json_inf_nan="constants"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An intent as it is asked for, and what could be read of it."""

    payload: Mapping[str, Any]
    body: bytes
    signal: Signal | None
    """None if the engine could not read it, or its numbers mean nothing."""
    problem: str
    """Why there is no `signal`; empty if there is one."""
    equity: Decimal | None
    """The account's equity, quote currency; None if it is not known."""

    def text(self, name: str) -> str:
        """Return a field of the payload if it is there as text, else empty text."""
        value = self.payload.get(name)
        return value if isinstance(value, str) else ""


def propose(payload: Mapping[str, Any], equity: Decimal | float | None = None) -> Proposal:
    """Read an intent. Raises `pydantic_core.PydanticSerializationError` for what JSON cannot hold.

    An equity that is not finite and positive counts as unknown.
    """
    body = _JSON.dump_json(payload)
    signal, problem = _read(payload, body)
    return Proposal(payload=payload, body=body, signal=signal, problem=problem, equity=_known(equity))


def judge(proposal: Proposal, known: Knowledge, limits: FailSafeLimits) -> Breach | None:
    """Return the first fail-safe limit that the intent does not keep, or None if it may pass without the gate.

    `close` passes unless the last mode heard was FROZEN. An entry passes only while the last heartbeat is younger
    than its limit and said neither HALTED nor BLIND, within the largest notional and leverage, on a symbol approved
    lately and not entered since fail-safe mode began. Limits are inclusive.
    """
    if known.mode is Mode.FROZEN:
        return _breach(Code.FROZEN, Mode.FROZEN, Mode.BLIND, "mode", "the gate was frozen when it was last heard")
    if proposal.payload.get("action") == "close":
        return None
    if proposal.signal is None:
        return _breach(Code.PAYLOAD_INVALID, None, None, "", proposal.problem)
    if proposal.signal.action not in ENTRIES:
        return None
    return (
        _governance_breach(known, limits)
        or _size_breach(proposal, proposal.signal, limits)
        or _leverage_breach(proposal, limits)
        or _symbol_breach(proposal.signal.symbol, known)
    )


def _governance_breach(known: Knowledge, limits: FailSafeLimits) -> Breach | None:
    limit = limits.heartbeat_timeout_seconds
    if known.mode is None or known.heartbeat_age is None:
        return _breach(Code.FAILSAFE_LIMIT, None, limit, "seconds", "no heartbeat was ever heard")
    if known.mode.only_reduces:
        rule = f"the gate was {known.mode} when it was last heard"
        return _breach(Code.HALT_ACTIVE, known.mode, Mode.CONSERVATIVE, "mode", rule)
    if known.heartbeat_age > limit:
        rule = f"the last heartbeat is {known.heartbeat_age:.0f} seconds old and counts for {limit:g}"
        return _breach(Code.FAILSAFE_LIMIT, known.heartbeat_age, limit, "seconds", rule)
    return None


def _size_breach(proposal: Proposal, signal: Signal, limits: FailSafeLimits) -> Breach | None:
    if signal.position_size_pct and proposal.equity is None:
        rule = "position_size_pct cannot be valued while the equity is not known"
        return _breach(Code.FAILSAFE_LIMIT, signal.position_size_pct, None, "fraction", rule)
    amounts = order_amounts(signal, equity=proposal.equity)
    value = largest_value(signal, amounts, reference_price(signal), equity=proposal.equity)
    limit = limits.max_position_size_usd
    if value > Decimal(repr(limit)):
        rule = f"an order worth up to {value.normalize():,f} USD is above {limit:,g}"
        return _breach(Code.FAILSAFE_LIMIT, float(value), limit, "USD", rule)
    return None


def _leverage_breach(proposal: Proposal, limits: FailSafeLimits) -> Breach | None:
    leverage = proposal.payload.get("recommended_leverage")
    if leverage is not None and leverage > limits.max_leverage:
        rule = f"leverage of {leverage:g}x is above {limits.max_leverage}x"
        return _breach(Code.FAILSAFE_LIMIT, leverage, limits.max_leverage, "x", rule)
    return None


def _symbol_breach(symbol: str, known: Knowledge) -> Breach | None:
    if not known.approved_lately:
        rule = f"the last answer for this strategy on {symbol} was no approval, or is older than a day"
        return _breach(Code.FAILSAFE_LIMIT, symbol, None, "symbol", rule)
    if known.entered:
        rule = f"{symbol} was entered since fail-safe mode began, and nothing is added"
        return _breach(Code.FAILSAFE_LIMIT, symbol, None, "symbol", rule)
    return None


def _breach(code: Code, measured: float | str | None, limit: float | str | None, unit: str, rule: str) -> Breach:
    return Breach(
        code=code,
        gate=code.lower(),
        measured=measured,
        limit=limit,
        unit=unit,
        scope=None,
        version=None,
        message=f"The gate did not answer, and {rule}.",
    )


def _read(payload: Mapping[str, Any], body: bytes) -> tuple[Signal | None, str]:
    if len(body) > MAX_PAYLOAD_BYTES:
        return None, f"the intent has {len(body)} bytes and may have {MAX_PAYLOAD_BYTES}"
    try:
        signal = Signal.model_validate(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        return None, f"{'.'.join(map(str, first['loc'])) or 'the intent'}: {first['msg'].lower()}"
    if not all(math.isfinite(price) and price > 0 for price in (signal.price, signal.current_price)):
        return None, "price and current_price must be finite and above 0"
    if not math.isfinite(signal.quantity) or signal.quantity < 0:
        return None, "quantity must be finite and not negative"
    if not _is_leverage(cast("object", payload.get("recommended_leverage"))):
        return None, "recommended_leverage must be null or a number of at least 0"
    return signal, ""


def _known(equity: Decimal | float | None) -> Decimal | None:
    if equity is None:
        return None
    exact = Decimal(str(equity))
    return exact if exact.is_finite() and exact > 0 else None


def _is_leverage(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= sys.float_info.max
