"""The stage: processes, connections and seats at the authority, and the play on it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import nats
from nats.aio.client import Client

from demo.desk import open_desk
from demo.engine import run_engine
from demo.fleet import Fleet
from demo.gate import Gate
from demo.ledger import GateChanged, GateState, Ledger, Note, Seat
from demo.market import market
from demo.model import Model
from demo.operator import Operator
from demo.scenario import Scenario, Timeline
from demo.strategist import Strategist
from demo.witness import run_witness
from devstack.server import start_together


async def perform(
    ledger: Ledger, nats_url: str, strategist: Strategist, gate: Gate, *, timeline: Timeline, seed: int
) -> None:
    """Start both processes and play to the end. Raises `CommandError`, `DeskError` or a `DevstackError`."""
    async with AsyncExitStack() as cleanup:
        bots, engine, ears = [
            await cleanup.enter_async_context(_connection(nats_url, name))
            for name in ("demo-bots", "demo-tradeengine", "demo-witness")
        ]
        await run_engine(engine, ledger)
        await run_witness(ears, ledger)
        tokens = await _start(ledger, strategist, gate)
        desks = {
            seat: await cleanup.enter_async_context(open_desk(strategist.url, token, seat, ledger))
            for seat, token in tokens.items()
        }
        fleet = Fleet(bots, market(seed, crash=timeline.crash_ticks), ledger, seed)
        scenario = Scenario(
            ledger=ledger,
            fleet=fleet,
            gate=gate,
            model=Model(desks[Seat.MODEL], ledger),
            operator=Operator(desks[Seat.OPERATOR], ledger, strategist.totp_secret),
            timeline=timeline,
        )
        async with asyncio.TaskGroup() as tasks:
            trading = tasks.create_task(fleet.trade())
            await scenario.play()
            trading.cancel()


async def _start(ledger: Ledger, strategist: Strategist, gate: Gate) -> Mapping[Seat, str]:
    """Start authority and gate side by side, make the tokens meanwhile, and return those."""
    async with asyncio.TaskGroup() as tasks:
        making = {seat: tasks.create_task(strategist.make_token(seat)) for seat in Seat}
        await asyncio.to_thread(start_together, [strategist, gate])
    now = ledger.now()
    ledger.record(GateChanged(at=now, state=GateState.READY))
    took = f"strategist ready after {strategist.start_seconds:.1f} s, gate after {gate.start_seconds:.1f} s"
    ledger.record(Note(at=now, text=f"{took}; the default limits hold"))
    return {seat: token.result() for seat, token in making.items()}


@asynccontextmanager
async def _connection(url: str, name: str) -> AsyncGenerator[Client]:
    client = await nats.connect(url, name=name)
    try:
        yield client
    finally:
        await client.close()
