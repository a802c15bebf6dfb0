"""The scenario: what happens when, and what the model and the operator do about it."""

import asyncio
from dataclasses import dataclass

from demo.bots import FORGETFUL, RECKLESS, Wish
from demo.fleet import Fleet, Message
from demo.gate import Gate
from demo.ledger import GateChanged, GateState, Ledger
from demo.model import Model
from demo.operator import Operator
from demo.probe import Probe, is_approved, outcome, refused_for
from demo.weather import SMALL, Weather
from petrosa_contracts import Code

LIMIT_USD, LIMIT_BEFORE_USD = 300.0, 1000.0
"""What the model lowers `max_position_size_usd` to, and the default that it would like to go back to."""

_LARGE = Wish("buy", usd=900)
_SAFE_SECONDS = 3
_SHORTEST_OUTAGE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Timeline:
    """When things happen, as shares of `seconds`. What takes its own time, such as a frozen feed, comes on top."""

    seconds: float
    crash: tuple[float, float] = (0.16, 0.32)
    phantom: float = 0.36
    tighten: float = 0.40
    halt: float = 0.49
    kill: float = 0.57
    restart: float = 0.65
    repeat: float = 0.71
    resume: float = 0.76
    freeze: float = 0.81
    loosen: float = 0.85
    roll_back: float = 0.91
    fall: float = 0.97


class Scenario:
    """The play, on a stage where everything is up and the fleet trades."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        fleet: Fleet,
        gate: Gate,
        model: Model,
        operator: Operator,
        probe: Probe,
        weather: Weather,
        timeline: Timeline,
    ) -> None:
        self._ledger = ledger
        self._fleet = fleet
        self._gate = gate
        self._model = model
        self._operator = operator
        self._probe = probe
        self._weather = weather
        self._timeline = timeline
        self._began = 0.0
        self._late = 0.0

    async def play(self) -> None:
        """Act at the times of the timeline; at the end the bots are hushed, all is settled.

        Raises `DeskError`, or a `DevstackError` if the gate does not come back.
        """
        self._began = self._ledger.now()
        times = self._timeline
        await self._model.learn()
        await self._until(times.crash[0])
        before = await self._weather.crash((times.crash[1] - times.crash[0]) * times.seconds)
        await self._play_safe()
        await self._until(times.phantom)
        await self._weather.order_at_a_phantom_price(before)
        await self._until(times.tighten)
        await self._tighten()
        await self._until(times.halt)
        await self._halt()
        await self._until(times.kill)
        approved_before = await self._kill()
        await asyncio.sleep(_SHORTEST_OUTAGE_SECONDS)
        await self._until(times.restart)
        await self._restart()
        await self._until(times.repeat)
        again = await self._fleet.send(approved_before, flaw=Code.INTENT_DUPLICATE)
        self._probe.note(f"an exit approved before the kill comes again: {outcome(again)}")
        await self._until(times.resume)
        await self._resume()
        await self._until(times.freeze)
        await self._freeze()
        await self._until(times.loosen)
        await self._loosen()
        await self._until(times.fall)
        await self._weather.fall_again()
        await self._fleet.hush()
        await self._operator.read_history()

    async def _play_safe(self) -> None:
        change = await self._model.play_safe(_SAFE_SECONDS)
        close = await self._probe.send(RECKLESS, Wish("close"))
        self._probe.note(f"  {self._probe.effect(change)}; a close in mode {close and close.mode}: {outcome(close)}")

    async def _tighten(self) -> None:
        before = await self._probe.until(RECKLESS, _LARGE, is_approved)
        change = await self._model.tighten(LIMIT_USD)
        after = await self._probe.until(RECKLESS, _LARGE, refused_for(Code.ORDER_NOTIONAL_MAX))
        self._probe.note(
            f"  {self._probe.effect(change)}; the same {_LARGE.usd:g} USD order: {outcome(before)} before, "
            f"{outcome(after)} now"
        )

    async def _halt(self) -> None:
        await self._probe.until(RECKLESS, SMALL, is_approved)
        change = await self._model.halt(RECKLESS.strategy_id)
        after = await self._probe.until(RECKLESS, SMALL, refused_for(Code.HALT_ACTIVE))
        close = await self._probe.send(RECKLESS, Wish("close"))
        self._probe.note(
            f"  {self._probe.effect(change)}; its next order: {outcome(after)}, its close: {outcome(close)}"
        )

    async def _resume(self) -> None:
        change = await self._operator.resume(RECKLESS.strategy_id)
        after = await self._probe.until(RECKLESS, SMALL, is_approved)
        self._probe.note(f"  {self._probe.effect(change)}; its next order: {outcome(after)}")

    async def _freeze(self) -> None:
        began = self._ledger.now()
        await self._weather.freeze()
        self._late += self._ledger.now() - began

    async def _loosen(self) -> None:
        asked = await self._model.ask_back(LIMIT_BEFORE_USD)
        waiting = await self._probe.send(RECKLESS, _LARGE)
        self._probe.note(f"  the {_LARGE.usd:g} USD order: still {outcome(waiting)}")
        await self._until(self._timeline.roll_back)
        await self._operator.turn_down(asked)
        change = await self._operator.roll_back()
        after = await self._probe.until(RECKLESS, _LARGE, is_approved)
        self._probe.note(f"  {self._probe.effect(change)}; the {_LARGE.usd:g} USD order: {outcome(after)}")

    async def _kill(self) -> Message:
        remembered = self._fleet.compose(FORGETFUL, Wish("close"), self._probe.price(FORGETFUL.symbol))
        await self._fleet.send(remembered)
        # A gate that dies between a signal and its verdict would leave us unable to tell who approved the signal.
        await self._fleet.hush()
        self._gate_is(GateState.KILLED)
        await asyncio.to_thread(self._gate.kill)
        self._probe.note("kill -9 gate")
        self._fleet.resume()
        await self._probe.send(RECKLESS, SMALL)
        return remembered

    async def _restart(self) -> None:
        self._gate_is(GateState.LAUNCHED)
        self._probe.note("gate started again")
        await asyncio.to_thread(self._gate.start)
        self._gate_is(GateState.READY)
        after = await self._probe.send(RECKLESS, SMALL)
        self._probe.note(
            f"  ready after {self._gate.start_seconds:.1f} s, epoch {after and after.epoch}; "
            f"the halted strategy's order: {outcome(after)}"
        )

    async def _until(self, share: float) -> None:
        await asyncio.sleep(self._began + share * self._timeline.seconds + self._late - self._ledger.now())

    def _gate_is(self, state: GateState) -> None:
        self._ledger.record(GateChanged(at=self._ledger.now(), state=state))
