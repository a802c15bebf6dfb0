"""The scenario: what happens when, and what the operator does about it."""

import asyncio
from dataclasses import dataclass

from demo.bots import FORGETFUL, RECKLESS, Wish
from demo.facts import effect, in_force
from demo.fleet import TICK_SECONDS, Fleet, Message
from demo.gate import Gate
from demo.ledger import Changed, GateChanged, GateState, Ledger, Note, Priced
from demo.operator import Operator
from petrosa_contracts import Code, Verdict

LIMIT_USD = 300.0
"""What the operator lowers `max_position_size_usd` to; the default is 1000."""

_LARGE = Wish("buy", usd=900)
_SMALL = Wish("buy", usd=200)
_EFFECT_SECONDS = 2.0
_SHORTEST_OUTAGE_SECONDS = 1.0
_BETWEEN_PROBES_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Timeline:
    """When things happen, as shares of `seconds`, the length of the play."""

    seconds: float
    crash: tuple[float, float] = (0.20, 0.38)
    tighten: float = 0.42
    halt: float = 0.56
    kill: float = 0.68
    restart: float = 0.78
    repeat: float = 0.88

    @property
    def crash_ticks(self) -> range:
        """The ticks of the market at which prices fall."""
        begin, end = (int(share * self.seconds / TICK_SECONDS) for share in self.crash)
        return range(begin, end)


class Scenario:
    """The play: `prepare` brings the gate up, `play` runs to the end while the fleet trades."""

    def __init__(self, *, ledger: Ledger, fleet: Fleet, gate: Gate, operator: Operator, timeline: Timeline) -> None:
        self._ledger = ledger
        self._fleet = fleet
        self._gate = gate
        self._operator = operator
        self._timeline = timeline
        self._began = 0.0

    async def prepare(self) -> None:
        """Start policy and gate. Raises `OperatorError` or a `DevstackError`."""
        async with self._operator.typing("init"):
            self._note("cio-policy init")
        await asyncio.to_thread(self._gate.start)
        self._gate_is(GateState.READY)
        self._note(f"  gate ready after {self._gate.start_seconds:.1f} s; the default limits hold")

    async def play(self) -> None:
        """Act at the times of the timeline; at the end the bots are hushed, all is settled. Raises like `prepare`."""
        self._began = self._ledger.now()
        await self._until(self._timeline.crash[0])
        self._note("the market crashes")
        await self._until(self._timeline.tighten)
        await self._tighten()
        await self._until(self._timeline.halt)
        await self._halt()
        await self._until(self._timeline.kill)
        approved_before = await self._kill()
        await asyncio.sleep(_SHORTEST_OUTAGE_SECONDS)
        await self._until(self._timeline.restart)
        await self._restart()
        await self._until(self._timeline.repeat)
        again = await self._fleet.send(approved_before, flaw=Code.INTENT_DUPLICATE)
        self._note(f"an order approved before the kill comes again: {_outcome(again)}")
        await self._until(1.0)
        await self._fleet.hush()

    async def _tighten(self) -> None:
        price = self._price(RECKLESS.symbol)
        before = await self._fleet.send(self._fleet.compose(RECKLESS, _LARGE, price))
        async with self._operator.typing("set", "global", f"max_position_size_usd={LIMIT_USD:g}") as written:
            change = Changed(at=written.at, epoch=written.epoch, limit_usd=LIMIT_USD)
            self._ledger.record(change)
            self._note(f"cio-policy set global max_position_size_usd={LIMIT_USD:g}")
            after = await self._probe(_LARGE, price)
        self._note(
            f"  {effect(in_force(self._ledger, change)[1])}; "
            f"the same {_LARGE.usd:g} USD order: {_outcome(before)} before, {_outcome(after)} now"
        )

    async def _halt(self) -> None:
        price = self._price(RECKLESS.symbol)
        await self._fleet.send(self._fleet.compose(RECKLESS, _SMALL, price))
        scope = f"strategy:{RECKLESS.strategy_id}"
        async with self._operator.typing("halt", scope, "--reason", "panicked in the crash") as written:
            change = Changed(at=written.at, epoch=written.epoch, halted=RECKLESS.strategy_id)
            self._ledger.record(change)
            self._note(f'cio-policy halt {scope} --reason "panicked in the crash"')
            after = await self._probe(_SMALL, price)
        close = await self._fleet.send(self._fleet.compose(RECKLESS, Wish("close"), price))
        self._note(
            f"  {effect(in_force(self._ledger, change)[1])}; "
            f"its next order: {_outcome(after)}, its close: {_outcome(close)}"
        )

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

    async def _probe(self, wish: Wish, price: float) -> Verdict | None:
        """Send the same order under new ids until it is refused, for at most 2 seconds."""
        deadline = self._ledger.now() + _EFFECT_SECONDS
        while True:
            verdict = await self._fleet.send(self._fleet.compose(RECKLESS, wish, price))
            if verdict is None or not verdict.approved or self._ledger.now() > deadline:
                return verdict
            await asyncio.sleep(_BETWEEN_PROBES_SECONDS)

    async def _until(self, share: float) -> None:
        await asyncio.sleep(self._began + share * self._timeline.seconds - self._ledger.now())

    def _price(self, symbol: str) -> float:
        return self._ledger.of(Priced)[-1].prices[symbol]

    def _gate_is(self, state: GateState) -> None:
        self._ledger.record(GateChanged(at=self._ledger.now(), state=state))

    def _note(self, text: str) -> None:
        self._ledger.record(Note(at=self._ledger.now(), text=text))


def _outcome(verdict: Verdict | None) -> str:
    if verdict is None:
        return "no answer"
    return "approved" if verdict.code is None else verdict.code.value
