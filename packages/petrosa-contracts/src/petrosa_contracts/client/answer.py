"""What a bot gets when it asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from petrosa_contracts.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The verdict on one intent, and what is left for the bot to do."""

    verdict: Verdict
    """The gate's verdict, or the one that the fail-safe limits give."""

    by_fail_safe: bool
    """Whether the gate did not answer and the bot's own fail-safe limits decided."""

    to_hand_on: Mapping[str, Any] | None
    """The marked signal that the bot has to bring to the engine itself.

    None where nothing may be traded, and where the gate approved: it has published the signal already.
    """

    @property
    def may_trade(self) -> bool:
        """Whether the trade goes ahead, by the gate's hand or by the bot's."""
        return self.verdict.approved
