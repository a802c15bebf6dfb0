"""The stage: processes, connections and seats at the authority, and the play on it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal

import nats
from nats.aio.client import Client
from redis.asyncio import Redis

from demo.account import open_account
from demo.auditor import make_key, open_auditor
from demo.desk import open_desk
from demo.engine import Engine
from demo.fleet import Fleet
from demo.gate import Gate
from demo.ledger import GateChanged, GateState, Ledger, Note, Seat
from demo.market import Market
from demo.model import Model
from demo.operator import Operator
from demo.probe import Probe
from demo.redis_view import read_books, wait_for_regimes
from demo.scenario import Scenario, Timeline
from demo.strategist import Strategist
from demo.weather import Weather
from demo.witness import run_witness
from devstack import DevStack
from devstack.server import start_together

_HOLDS = "BTCUSDT", Decimal("0.25")
"""What the fund has been holding since before the play: it loses by that, whatever the bots do."""


async def perform(
    ledger: Ledger, stack: DevStack, strategist: Strategist, gate: Gate, *, timeline: Timeline, seed: int
) -> None:
    """Start both processes and play to the end.

    Raises `CommandError`, `DeskError`, `AccountError`, `TimeoutError` or a `DevstackError`.
    """
    market = Market(stack.exchange.control)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.to_thread(market.pass_the_night))
        tasks.create_task(make_key(strategist.audit_key))
    async with AsyncExitStack() as cleanup:
        bots, orders, ears = [
            await cleanup.enter_async_context(_connection(stack.nats.url, name))
            for name in ("demo-bots", "demo-tradeengine", "demo-witness")
        ]
        redis = await cleanup.enter_async_context(Redis.from_url(stack.redis.url, decode_responses=True))
        account = await cleanup.enter_async_context(open_account(stack.exchange))
        await account.use_hedge_mode()
        await account.order(_HOLDS[0], "BUY", "LONG", _HOLDS[1])
        engine = Engine(orders, account, ledger)
        await engine.start()
        await run_witness(ears, ledger)
        tokens = await _start(ledger, strategist, gate)
        await wait_for_regimes(redis, ledger)
        desks = {
            seat: await cleanup.enter_async_context(open_desk(f"{strategist.url}/mcp", token, seat, ledger))
            for seat, token in tokens.items()
        }
        fleet = Fleet(bots, market, ledger, seed)
        probe = Probe(fleet, ledger)
        scenario = Scenario(
            ledger=ledger,
            fleet=fleet,
            gate=gate,
            model=Model(desks[Seat.MODEL], ledger),
            operator=Operator(desks[Seat.OPERATOR], ledger, strategist.totp_secret),
            probe=probe,
            weather=Weather(market, probe, ledger),
            timeline=timeline,
        )
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(each) for each in (fleet.trade(), engine.run())]
            await scenario.play()
            await read_books(redis, account, ledger)
            for each in working:
                each.cancel()
        auditor = await cleanup.enter_async_context(open_auditor(stack.mongo.url, strategist.audit_key, ledger))
        await auditor.audit()


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
