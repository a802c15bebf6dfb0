"""The command `python -m demo`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager

import nats
import nats.errors
from nats.aio.client import Client
from rich.console import Console

from demo.engine import run_engine
from demo.fleet import Fleet
from demo.gate import Gate
from demo.ledger import Ledger
from demo.market import market
from demo.operator import Operator, OperatorError
from demo.plain import PlainView
from demo.scenario import Scenario, Timeline
from demo.summary import print_summary
from demo.view import SMALLEST_HEIGHT, SMALLEST_WIDTH, LiveView
from demo.witness import run_witness
from devstack import DevStack, DevstackError

FULL_SECONDS, SHORT_SECONDS, STARTING_SECONDS = 32.0, 11.0, 2.0
FAILED, INTERRUPTED = 1, 130

_LAST_LINES = 10
_REFRESH_SECONDS = 0.125
_QUICK_SWITCH_SECONDS = 0.0005


def main() -> int:
    """Run the demo and return the exit code."""
    options = _parser().parse_args()
    console = Console()
    room = console.width >= SMALLEST_WIDTH and console.height >= SMALLEST_HEIGHT
    plain = options.plain or not console.is_terminal or console.is_dumb_terminal or not room
    seconds = SHORT_SECONDS if options.short else FULL_SECONDS
    ledger = Ledger()
    try:
        view = PlainView(ledger, sys.stdout) if plain else LiveView(ledger, console, STARTING_SECONDS + seconds)
        last_words = _run(view, ledger, seconds=seconds, seed=options.seed)
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("demo: interrupted; everything is stopped", file=sys.stderr)
        return INTERRUPTED
    if last_words is None:
        return FAILED
    if print_summary(Console(force_terminal=False) if plain else console, ledger):
        return 0
    print(f"demo: the gate's last words were\n{last_words}", file=sys.stderr)
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Real NATS, Redis and gate; simulated bots, market and TradeEngine. Takes about "
        f"{STARTING_SECONDS + FULL_SECONDS:.0f} seconds, asks nothing, leaves nothing behind.",
        epilog="Exit codes: 0 every fact holds, 1 a fact does not hold or something failed, 2 wrong usage, "
        "130 interrupted.",
    )
    parser.add_argument("--plain", action="store_true", help="lines instead of the live view; always so in a pipe")
    parser.add_argument(
        "--short", action="store_true", help=f"play for {SHORT_SECONDS:.0f} seconds instead of {FULL_SECONDS:.0f}"
    )
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="another market and other orders")
    return parser


def _run(view: PlainView | LiveView, ledger: Ledger, *, seconds: float, seed: int) -> str | None:
    """Play to the end and return the gate's last log lines; None if that failed, which is told on standard error."""
    try:
        with view, DevStack(mongo=False) as stack, ExitStack() as cleanup:
            gate = Gate(stack)
            cleanup.callback(gate.stop)
            asyncio.run(_perform(view, ledger, stack, gate, seconds=seconds, seed=seed))
            return gate.log_tail(_LAST_LINES)
    except* (DevstackError, OperatorError, nats.errors.Error, OSError) as group:
        print(f"demo: {_first_of(group)}", file=sys.stderr)
    return None


async def _perform(
    view: PlainView | LiveView, ledger: Ledger, stack: DevStack, gate: Gate, *, seconds: float, seed: int
) -> None:
    _cancel_on_termination()
    timeline = Timeline(seconds)
    async with AsyncExitStack() as cleanup:
        bots, engine, ears = [
            await cleanup.enter_async_context(_connection(stack.nats.url, name))
            for name in ("demo-bots", "demo-tradeengine", "demo-witness")
        ]
        operator = Operator(stack.redis.url, ledger)
        cleanup.push_async_callback(operator.leave)
        await run_engine(engine, ledger)
        await run_witness(ears, ledger)
        fleet = Fleet(bots, market(seed, crash=timeline.crash_ticks), ledger, seed)
        scenario = Scenario(ledger=ledger, fleet=fleet, gate=gate, operator=operator, timeline=timeline)
        async with asyncio.TaskGroup() as tasks:
            drawing = tasks.create_task(_draw(view))
            await scenario.prepare()
            trading = tasks.create_task(fleet.trade())
            await scenario.play()
            trading.cancel()
            drawing.cancel()


async def _draw(view: PlainView | LiveView) -> None:
    # Drawing takes a while: in a thread that soon gives way, it does not keep the bots from reading their answers.
    sys.setswitchinterval(_QUICK_SWITCH_SECONDS)
    while True:
        await asyncio.to_thread(view.refresh)
        await asyncio.sleep(_REFRESH_SECONDS)


@asynccontextmanager
async def _connection(url: str, name: str) -> AsyncGenerator[Client]:
    client = await nats.connect(url, name=name)
    try:
        yield client
    finally:
        await client.close()


def _cancel_on_termination() -> None:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def _first_of(group: BaseExceptionGroup) -> BaseException:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first


if __name__ == "__main__":
    sys.exit(main())
