"""The command `python -m demo`."""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Coroutine
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx2
import nats.errors
from mcp import MCPError
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError
from rich.console import Console

from demo.account import AccountError
from demo.command import CommandError
from demo.desk import DeskError
from demo.gate import Gate
from demo.ledger import Ledger
from demo.market import EXCHANGE_SEED, night_began, until_the_hour_is_over
from demo.plain import PlainView
from demo.scenario import Timeline
from demo.stage import perform
from demo.strategist import Strategist
from demo.summary import print_summary
from demo.view import SMALLEST_HEIGHT, SMALLEST_WIDTH, LiveView
from devstack import DevStack, DevstackError

FULL_SECONDS, SHORT_SECONDS = 34.0, 8.0
AROUND_SECONDS = 20.0
"""What start, frozen prices, the last fall and the audit take on a quiet machine."""
FAILED, INTERRUPTED = 1, 130

_OURS = (DevstackError, CommandError, DeskError, AccountError)
_LAST_LINES = 10
_WEIGHT_LIMIT = 12_000
_LONGEST_AROUND_SECONDS = 90.0
_REFRESH_SECONDS = 0.125
_QUICK_SWITCH_SECONDS = 0.0005


def main() -> int:
    """Run the demo and return the exit code."""
    options = _parser().parse_args()
    console = Console()
    room = console.width >= SMALLEST_WIDTH and console.height >= SMALLEST_HEIGHT
    plain = options.plain or not console.is_terminal or console.is_dumb_terminal or not room
    seconds = SHORT_SECONDS if options.short else FULL_SECONDS
    try:
        stack = _stack(seconds)
        ledger = Ledger()
        view = PlainView(ledger, sys.stdout) if plain else LiveView(ledger, console, seconds + AROUND_SECONDS)
        last_words = _run(view, ledger, stack, seconds=seconds, seed=options.seed)
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("demo: interrupted; everything is stopped", file=sys.stderr)
        return INTERRUPTED
    if last_words is None:
        return FAILED
    if print_summary(Console(force_terminal=False) if plain else console, ledger):
        return 0
    print(f"demo: the last words of strategist and gate were\n{last_words}", file=sys.stderr)
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Real NATS, Redis, MongoDB wire, strategist and gate; simulated bots, market, model and engine. "
        f"Takes about {FULL_SECONDS + AROUND_SECONDS:.0f} seconds, asks nothing, leaves nothing behind.",
        epilog="Exit codes: 0 every fact holds, 1 a fact does not hold or something failed, 2 wrong usage, "
        "130 interrupted.",
    )
    parser.add_argument("--plain", action="store_true", help="lines instead of the live view; always so in a pipe")
    parser.add_argument(
        "--short", action="store_true", help=f"play for {SHORT_SECONDS:.0f} seconds instead of {FULL_SECONDS:.0f}"
    )
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="other orders (default %(default)s)")
    return parser


def _run(view: PlainView | LiveView, ledger: Ledger, stack: DevStack, *, seconds: float, seed: int) -> str | None:
    """Play to the end and return the last log lines; None if that failed, which is told on standard error."""
    try:
        with view, stack, ExitStack() as cleanup:
            strategist, gate = Strategist(stack), Gate(stack)
            cleanup.callback(strategist.stop)
            cleanup.callback(gate.stop)
            play = perform(ledger, stack, strategist, gate, timeline=Timeline(seconds), seed=seed)
            asyncio.run(_show(view, play))
            return "\n".join(process.log_tail(_LAST_LINES) for process in (strategist, gate))
    except* (*_OURS, MCPError, httpx2.HTTPError, nats.errors.Error, RedisError, PyMongoError, OSError) as group:
        print(f"demo: {_first_of(group)}", file=sys.stderr)
    return None


def _stack(seconds: float) -> DevStack:
    """Return the servers that are needed, not yet started; before that, let an hour that would end in the play pass."""
    wait = until_the_hour_is_over(datetime.now(UTC), _LONGEST_AROUND_SECONDS + seconds)
    if wait:
        print(f"demo: waits {wait:.0f} s, so that the hour does not end in the middle of the crash", flush=True)
        time.sleep(wait)
    began = night_began(datetime.now(UTC))
    return DevStack(
        exchange=True,
        exchange_seed=EXCHANGE_SEED,
        exchange_start=began,
        # Account and prices are read far more often here than one would read a real exchange.
        exchange_weight_limit=_WEIGHT_LIMIT,
        market_stream=True,
    )


async def _show(view: PlainView | LiveView, play: Coroutine[None, None, None]) -> None:
    _cancel_on_termination()
    async with asyncio.TaskGroup() as tasks:
        drawing = tasks.create_task(_draw(view))
        await play
        drawing.cancel()


async def _draw(view: PlainView | LiveView) -> None:
    # Drawing takes a while: in a thread that soon gives way, it does not keep the bots from reading their answers.
    sys.setswitchinterval(_QUICK_SWITCH_SECONDS)
    while True:
        await asyncio.to_thread(view.refresh)
        await asyncio.sleep(_REFRESH_SECONDS)


def _cancel_on_termination() -> None:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def _first_of(group: BaseExceptionGroup) -> BaseException:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first


if __name__ == "__main__":
    sys.exit(main())
