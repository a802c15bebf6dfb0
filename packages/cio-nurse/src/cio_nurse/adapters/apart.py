"""Work on an event loop and a thread of its own."""

import asyncio
import sys
from collections.abc import Callable, Coroutine

import uvloop

SWITCH_SECONDS = 0.001
"""How long a busy thread may keep another one waiting for the interpreter; Python's default is five times that."""


class Apart:
    """Runs a coroutine beside the main loop, so that no burst there can delay it.

    What it shares with the main loop must be immutable values, read whole.
    """

    def __init__(self, work: Callable[[], Coroutine[object, object, None]]) -> None:
        self._work = work
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._cancelled = False

    async def run(self) -> None:
        """Run until the work ends or this is cancelled; raises what the work raises."""
        sys.setswitchinterval(SWITCH_SECONDS)
        thread = asyncio.ensure_future(asyncio.to_thread(self._run_loop))
        try:
            await asyncio.shield(thread)
        except asyncio.CancelledError:
            self._cancelled = True
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)
            await thread
            raise

    def _run_loop(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._until_cancelled())

    async def _until_cancelled(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._work())
        if self._cancelled:
            self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()
