"""Probes: orders that the play itself sends to see what the gate makes of them, and what is said about it."""

import asyncio
from collections.abc import Callable

from demo.bots import Bot, Wish
from demo.fact import effect, in_force
from demo.fleet import Fleet
from demo.ledger import Changed, Ledger, Note, Priced
from petrosa_contracts import Code, Verdict

EFFECT_SECONDS = 2.0
_QUICK_SECONDS = 0.01


class Probe:
    """Sends orders in the name of bots, through the fleet."""

    def __init__(self, fleet: Fleet, ledger: Ledger) -> None:
        self._fleet = fleet
        self._ledger = ledger

    async def send(
        self, bot: Bot, wish: Wish, *, price: float | None = None, flaw: Code | None = None
    ) -> Verdict | None:
        """Send an order once, at the present price or another."""
        at = self.price(bot.symbol) if price is None else price
        return await self._fleet.send(self._fleet.compose(bot, wish, at), flaw=flaw)

    async def until(
        self,
        bot: Bot,
        wish: Wish,
        wanted: Callable[[Verdict], bool],
        *,
        seconds: float = EFFECT_SECONDS,
        pause: float = _QUICK_SECONDS,
    ) -> Verdict | None:
        """Send an order under new ids, at the present price, until its verdict is as wanted, for at most `seconds`."""
        deadline = self._ledger.now() + seconds
        while True:
            verdict = await self.send(bot, wish)
            if verdict is None or wanted(verdict) or self._ledger.now() > deadline:
                return verdict
            await asyncio.sleep(pause)

    def price(self, symbol: str) -> float:
        """Return what bots see as the present price."""
        return self._ledger.of(Priced)[-1].prices[symbol]

    def effect(self, change: Changed) -> str:
        """Say how long a change took to be in force."""
        return effect(in_force(self._ledger, change)[1])

    def note(self, text: str) -> None:
        """Write a line of the timeline."""
        self._ledger.record(Note(at=self._ledger.now(), text=text))


def is_approved(verdict: Verdict) -> bool:
    """Whether the order passed."""
    return verdict.approved


def refused_for(code: Code) -> Callable[[Verdict], bool]:
    """Return whether a verdict has a code among its breaches."""
    return lambda verdict: any(breach.code is code for breach in verdict.breaches)


def outcome(verdict: Verdict | None) -> str:
    """Say what became of an order, in a word or two."""
    if verdict is None:
        return "no answer"
    return "approved" if verdict.code is None else verdict.code.value
