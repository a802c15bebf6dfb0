"""Recorded decisions made again, as many as there are, on processes of their own."""

import asyncio
import multiprocessing
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from cio_strategist.domain.decisions.whatif import PolicyPatch, Tally, repeat, try_patch
from cio_strategist.errors import WorkerLostError

_IN_FLIGHT = 3
"""Batches per process that are under way or wait for it: enough that none is idle, few enough to bound memory."""

Progress = Callable[[int], None]
"""Is told how many more records were looked at."""


async def replay(
    batches: AsyncIterator[Sequence[str]], patch: PolicyPatch | None, *, jobs: int, progress: Progress | None = None
) -> Tally:
    """Make the decisions of all batches again, under their own policy or with a patch merged in, and tally.

    The tally does not depend on `jobs`, the number of processes. Raises `WorkerLostError` if one of them dies.
    """
    first = [batch for batch in [await anext(batches, None), await anext(batches, None)] if batch is not None]
    tell = progress or _tell_nobody
    if len(first) > 1:
        return await _on_processes(_joined(first, batches), patch, jobs, tell)
    # What one batch holds is done before a process would have started.
    tally = await asyncio.to_thread(_decide, first[0], patch) if first else Tally()
    tell(tally.examined)
    return tally


async def _on_processes(
    batches: AsyncIterator[Sequence[str]], patch: PolicyPatch | None, jobs: int, tell: Progress
) -> Tally:
    tally = Tally()
    loop = asyncio.get_running_loop()
    waiting: deque[asyncio.Future[Tally]] = deque()

    async def add_oldest() -> None:
        part = await waiting.popleft()
        tally.add(part)
        tell(part.examined)

    # Not by fork: the process that asks may have threads and connections.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_leave_interrupts_to_the_parent)
    try:
        async for bodies in batches:
            waiting.append(loop.run_in_executor(pool, _decide, bodies, patch))
            if len(waiting) >= jobs * _IN_FLIGHT:
                await add_oldest()
        while waiting:
            await add_oldest()
    except BrokenProcessPool as error:
        raise WorkerLostError("a process that made decisions again was killed: is there enough memory?") from error
    finally:
        await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        await asyncio.gather(*waiting, return_exceptions=True)
    return tally


async def _joined(first: Sequence[Sequence[str]], rest: AsyncIterator[Sequence[str]]) -> AsyncIterator[Sequence[str]]:
    for bodies in first:
        yield bodies
    async for bodies in rest:
        yield bodies


def _decide(bodies: Sequence[str], patch: PolicyPatch | None) -> Tally:
    return repeat(bodies) if patch is None else try_patch(bodies, patch)


def _tell_nobody(_: int) -> None:
    pass


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
