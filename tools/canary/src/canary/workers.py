"""Does the same for many symbols side by side."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self, TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")


class Workers:
    """A fixed number of threads, each with its own connection to the exchange; a context manager."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=count, thread_name_prefix="canary")
        self._begun: list[Future[object]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Return `work` of every item in order; when all have ended, the first error is raised."""
        self._begun.clear()
        futures: list[Future[R]] = []
        for item in items:
            futures.append(self._pool.submit(work, item))
            self._begun.append(cast("Future[object]", futures[-1]))
        wait(futures)
        return [future.result() for future in futures]

    def finish(self) -> None:
        """Take back what `each` has not begun, and wait for what it has; for when `each` was interrupted."""
        for future in self._begun:
            future.cancel()
        wait(self._begun)

    def start(self, work: Callable[[], R]) -> Future[R]:
        """Begin one piece of work; its future has the result."""
        return self._pool.submit(work)
