"""The scenario: what happens when, and what the model and the operator do about it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from demo.bots import FORGETFUL, RECKLESS, Wish
from demo.fact import effect, in_force
from demo.fleet import TICK_SECONDS, Fleet, Message
from demo.gate import Gate
from demo.ledger import Changed, GateChanged, GateState, Ledger, Note, Priced
from demo.model import Model
from demo.operator import Operator
from petrosa_contracts import Code, Verdict

LIMIT_USD, LIMIT_BEFORE_USD = 300.0, 1000.0
"""What the model lowers `max_position_size_usd` to, and the default that it would like to go back to."""

_LARGE = Wish("buy", usd=900)
_SMALL = Wish("buy", usd=200)
_EFFECT_SECONDS = 2.0
_SHORTEST_OUTAGE_SECONDS = 1.0
_BETWEEN_PROBES_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Timeline:
    """When things happen, as shares of `seconds`, the length of the play."""

    seconds: float
    crash: tuple[float, float] = (0.18, 0.34)
    tighten: float = 0.36
    halt: float = 0.46
    kill: float = 0.55
    restart: float = 0.64
    repeat: float = 0.71
    resume: float = 0.76
    loosen: float = 0.83
    roll_back: float = 0.90

    @property
    def crash_ticks(self) -> range:
        """The ticks of the market at which prices fall."""
        begin, end = (int(share * self.seconds / TICK_SECONDS) for share in self.crash)
        return range(begin, end)


class Scenario:
    """The play, on a stage where everything is up and the fleet trades."""

    def __init__(
        self, *, ledger: Ledger, fleet: Fleet, gate: Gate, model: Model, operator: Operator, timeline: Timeline
    ) -> None:
        self._ledger = ledger
        self._fleet = fleet
        self._gate = gate
        self._model = model
        self._operator = operator
        self._timeline = timeline
        self._began = 0.0

    async def play(self) -> None:
        """Act at the times of the timeline; at the end the bots are hushed, all is settled.

        Raises `DeskError`, or a `DevstackError` if the gate does not come back.
        """
        self._began = self._ledger.now()
        times = self._timeline
        await self._model.learn()
        await self._until(times.crash[0])
        self._note("the market crashes")
        await self._until(times.tighten)
        before = await self._tighten()
        await self._until(times.halt)
        await self._halt()
        await self._until(times.kill)
        approved_before = await self._kill()
        await asyncio.sleep(_SHORTEST_OUTAGE_SECONDS)
        await self._until(times.restart)
        await self._restart()
        await self._until(times.repeat)
        again = await self._fleet.send(approved_before, flaw=Code.INTENT_DUPLICATE)
        self._note(f"an order approved before the kill comes again: {_outcome(again)}")
        await self._until(times.resume)
        await self._resume()
        await self._until(times.loosen)
        await self._loosen(before)
        await self._until(1.0)
        await self._fleet.hush()
        await self._operator.read_history()

    async def _tighten(self) -> float:
        """Return the price at which an order was refused that had passed before."""
        price = self._price(RECKLESS.symbol)
        before = await self._fleet.send(self._fleet.compose(RECKLESS, _LARGE, price))
        change = await self._model.tighten(LIMIT_USD)
        after = await self._probe(_LARGE, price, _is_refused)
        self._note(
            f"  {self._effect(change)}; the same {_LARGE.usd:g} USD order: {_outcome(before)} before, "
            f"{_outcome(after)} now"
        )
        return price

    async def _halt(self) -> None:
        price = self._price(RECKLESS.symbol)
        await self._fleet.send(self._fleet.compose(RECKLESS, _SMALL, price))
        change = await self._model.halt(RECKLESS.strategy_id)
        after = await self._probe(_SMALL, price, _is_refused)
        close = await self._fleet.send(self._fleet.compose(RECKLESS, Wish("close"), price))
        self._note(f"  {self._effect(change)}; its next order: {_outcome(after)}, its close: {_outcome(close)}")

    async def _resume(self) -> None:
        change = await self._operator.resume(RECKLESS.strategy_id)
        after = await self._probe(_SMALL, self._price(RECKLESS.symbol), _is_approved)
        self._note(f"  {self._effect(change)}; its next order: {_outcome(after)}")

    async def _loosen(self, price: float) -> None:
        asked = await self._model.ask_back(LIMIT_BEFORE_USD)
        waiting = await self._fleet.send(self._fleet.compose(RECKLESS, _LARGE, price))
        self._note(f"  the {_LARGE.usd:g} USD order: still {_outcome(waiting)}")
        await self._until(self._timeline.roll_back)
        await self._operator.turn_down(asked)
        change = await self._operator.roll_back()
        after = await self._probe(_LARGE, price, _is_approved)
        self._note(f"  {self._effect(change)}; the {_LARGE.usd:g} USD order: {_outcome(after)}")

    async def _kill(self) -> Message:
        remembered = self._fleet.compose(FORGETFUL, Wish("buy", usd=100), self._price(FORGETFUL.symbol))
        await self._fleet.send(remembered)
        # A gate that dies between a signal and its verdict would leave us unable to tell who approved the signal.
        await self._fleet.hush()
        self._gate_is(GateState.KILLED)
        await asyncio.to_thread(self._gate.kill)
        self._note("kill -9 gate")
        self._fleet.resume()
        await self._fleet.send(self._fleet.compose(RECKLESS, _SMALL, self._price(RECKLESS.symbol)))
        return remembered

    async def _restart(self) -> None:
        self._gate_is(GateState.LAUNCHED)
        self._note("gate started again")
        await asyncio.to_thread(self._gate.start)
        self._gate_is(GateState.READY)
        after = await self._fleet.send(self._fleet.compose(RECKLESS, _SMALL, self._price(RECKLESS.symbol)))
        self._note(
            f"  ready after {self._gate.start_seconds:.1f} s, epoch {after and after.epoch}; "
            f"the halted strategy's order: {_outcome(after)}"
        )

    async def _probe(self, wish: Wish, price: float, wanted: Callable[[Verdict], bool]) -> Verdict | None:
        """Send the same order under new ids until its verdict is as wanted, for at most 2 seconds."""
        deadline = self._ledger.now() + _EFFECT_SECONDS
        while True:
            verdict = await self._fleet.send(self._fleet.compose(RECKLESS, wish, price))
            if verdict is None or wanted(verdict) or self._ledger.now() > deadline:
                return verdict
            await asyncio.sleep(_BETWEEN_PROBES_SECONDS)

    def _effect(self, change: Changed) -> str:
        return effect(in_force(self._ledger, change)[1])

    async def _until(self, share: float) -> None:
        await asyncio.sleep(self._began + share * self._timeline.seconds - self._ledger.now())

    def _price(self, symbol: str) -> float:
        return self._ledger.of(Priced)[-1].prices[symbol]

    def _gate_is(self, state: GateState) -> None:
        self._ledger.record(GateChanged(at=self._ledger.now(), state=state))

    def _note(self, text: str) -> None:
        self._ledger.record(Note(at=self._ledger.now(), text=text))


def _is_approved(verdict: Verdict) -> bool:
    return verdict.approved


def _is_refused(verdict: Verdict) -> bool:
    return not verdict.approved


def _outcome(verdict: Verdict | None) -> str:
    if verdict is None:
        return "no answer"
    return "approved" if verdict.code is None else verdict.code.value
