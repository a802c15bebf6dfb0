"""The intent as the gate sees it: a signal that was read strictly, and what identifies it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from petrosa_contracts import Side, Signal

_SIDES = {"buy": Side.LONG, "sell": Side.SHORT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One readable intent.

    `signal.timestamp` is not used: the contracts model repairs it to the time of reading. `instant` is what the
    sender really wrote, or None where no instant can be read from it.
    """

    signal: Signal
    payload: Mapping[str, Any]
    """The payload's own JSON object, fields unknown here included."""
    instant: datetime | None
    recommended_leverage: float | None
    """Leverage the strategy would like, x; None if it names none, or does not open."""
    signal_id: str | None
    """What verdicts call it by: `signal_id`, else `id`, else `intent_id`."""
    identity: str
    """32 hexadecimal digits that are the same for the same request."""

    @property
    def action(self) -> str:
        """One of buy, sell, close and hold."""
        return self.signal.action

    @property
    def side(self) -> Side | None:
        """The side that the engine would open: LONG for buy, SHORT for sell, None for close and hold."""
        return _SIDES.get(self.signal.action)

    @property
    def opens(self) -> bool:
        """Whether the intent asks for a new or larger position.

        `close` only ever reduces, because no engine opens with it, and `hold` asks for nothing. Everything else
        opens: the engines assume hedge mode, where `sell` opens a short.
        """
        return self.signal.action in _SIDES
