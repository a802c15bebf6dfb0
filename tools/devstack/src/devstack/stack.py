"""All servers together, in one temporary folder."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from devstack.errors import NotRunningError
from devstack.exchange.server import Exchange
from devstack.exchange.weights import DEFAULT_LIMIT
from devstack.folder import StackFolder
from devstack.mongo import Mongo
from devstack.nats import Nats
from devstack.redis import Redis
from devstack.server import Server, start_together

S = TypeVar("S", bound=Server)


class DevStack:
    """NATS with JetStream, Redis, a MongoDB-wire server and, if asked for, an exchange, on free ports of 127.0.0.1.

    A context manager: on entry the chosen servers start side by side and all answer; on exit they end and their folder
    is removed. The same happens, without our help, when this process crashes or is killed. `start_timeout` is seconds
    for each server. `exchange_seed`, `exchange_start` (aware; None for the running clock) and `exchange_weight_limit`
    are those of `Exchange`; with `market_stream` it publishes its market on NATS as the fleet's socket client does.
    ValueError is raised when no server is chosen, or the stream lacks one of its two.

    >>> with DevStack(mongo=False) as stack:        # doctest: +SKIP
    ...     print(stack.nats.url, stack.redis.url)

    It blocks; in asyncio, use it in a synchronous fixture or through `asyncio.to_thread`.
    """

    def __init__(
        self,
        *,
        nats: bool = True,
        redis: bool = True,
        mongo: bool = True,
        exchange: bool = False,
        nats_monitoring: bool = False,
        exchange_seed: int = 1,
        exchange_start: datetime | None = None,
        exchange_weight_limit: int = DEFAULT_LIMIT,
        market_stream: bool = False,
        start_timeout: float = 30.0,
    ) -> None:
        if not (nats or redis or mongo or exchange):
            raise ValueError("a stack needs at least one of nats, redis, mongo and exchange")
        if market_stream and not (nats and exchange):
            raise ValueError("a market stream needs nats and exchange")
        self._market_stream = market_stream
        self._chosen: dict[type[Server], bool] = {Nats: nats, Redis: redis, Mongo: mongo, Exchange: exchange}
        self._exchange_seed = exchange_seed
        self._exchange_start = exchange_start
        self._exchange_weight_limit = exchange_weight_limit
        self._nats_monitoring = nats_monitoring
        self._start_timeout = start_timeout
        self._folder: StackFolder | None = None
        self._servers: tuple[Server, ...] = ()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self.stop()

    @property
    def folder(self) -> Path:
        """The stack's temporary folder; raises `NotRunningError` when the stack is not started."""
        if self._folder is None:
            raise NotRunningError("the stack has no folder: start it first")
        return self._folder.path

    @property
    def servers(self) -> tuple[Server, ...]:
        """The servers of this stack; empty when it is not started."""
        return self._servers

    @property
    def nats(self) -> Nats:
        """The NATS server; raises `NotRunningError` when this stack has none or is not started."""
        return self._server(Nats)

    @property
    def redis(self) -> Redis:
        """The Redis server; raises `NotRunningError` when this stack has none or is not started."""
        return self._server(Redis)

    @property
    def mongo(self) -> Mongo:
        """The MongoDB-wire server; raises `NotRunningError` when this stack has none or is not started."""
        return self._server(Mongo)

    @property
    def exchange(self) -> Exchange:
        """The exchange; raises `NotRunningError` when this stack has none or is not started."""
        return self._server(Exchange)

    def environment(self) -> dict[str, str]:
        """Return NATS_URL, REDIS_URL, MONGODB_URI and EXCHANGE_URL, of those servers that this stack has."""
        return {server.variable: server.url for server in self._servers}

    def start(self) -> None:
        """Start the chosen servers and wait until all answer; does nothing if they are started.

        Raises `FolderError`, `NotInstalledError`, or `StartError` and its children; nothing is left behind then.
        """
        if self._folder is not None:
            return
        self._folder = StackFolder()
        try:
            self._servers = self._make_servers(self._folder)
            start_together(self._servers)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all servers and remove the folder with their data; does nothing if the stack is not started."""
        for server in self._servers:
            server.request_stop()
        for server in self._servers:
            server.stop()
            server.release_ports()
        self._servers = ()
        if self._folder is not None:
            self._folder.remove()
        self._folder = None

    def _make_servers(self, folder: StackFolder) -> tuple[Server, ...]:
        nats = Nats(
            folder.path / Nats.name,
            monitoring=self._nats_monitoring,
            start_timeout=self._start_timeout,
            held_fds=[folder.held_fd],
        )
        makers: dict[type[Server], Callable[[Path], Server]] = {
            Nats: lambda _: nats,
            Redis: lambda path: Redis(path, start_timeout=self._start_timeout, held_fds=[folder.held_fd]),
            Mongo: lambda path: Mongo(path, start_timeout=self._start_timeout, held_fds=[folder.held_fd]),
            Exchange: lambda path: Exchange(
                path,
                seed=self._exchange_seed,
                start=self._exchange_start,
                weight_limit=self._exchange_weight_limit,
                stream_to=nats if self._market_stream else None,
                start_timeout=self._start_timeout,
                held_fds=[folder.held_fd],
            ),
        }
        return tuple(make(folder.path / kind.name) for kind, make in makers.items() if self._chosen[kind])

    def _server(self, kind: type[S]) -> S:
        for server in self._servers:
            if isinstance(server, kind):
                return server
        reason = "it was made without" if self._servers else "it is not started"
        raise NotRunningError(f"this stack has no {kind.name}: {reason}")
