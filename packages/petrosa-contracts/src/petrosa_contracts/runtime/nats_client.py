"""Clients of NATS that are used until they are lost, and never resumed. Needs the extra `nats`.

The client's own reconnecting sends what was buffered before an outage once the server is back: an order would leave
late. Whoever connects here makes a fresh client instead, after waits of its own.
"""

# The client library types its options only in part.
# pyright: reportUnknownMemberType=false

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress

import nats
import nats.errors
from nats.aio.client import Client

from petrosa_contracts.runtime.cancellation import heed_cancellation
from petrosa_contracts.runtime.event_log import EventLog

CONNECT_SECONDS = 2
"""How long one attempt to connect, and one round trip to the server, may take."""

PING_SECONDS = 5
"""How often the client asks the server for a sign of life; after two without an answer the connection is lost."""

ERROR_LOG_SECONDS = 1.0
"""Errors of a connection that stands are logged at most as often, with how many there were."""

_RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
_LOOK_SECONDS = 0.25

AWAY = (nats.errors.Error, OSError, RuntimeError)
"""What a client raises when NATS is away; RuntimeError is uvloop's, for a socket that closes at that moment."""


def servers_in(addresses: str) -> list[str]:
    """Return the addresses of servers, which come comma separated."""
    return [address.strip() for address in addresses.split(",") if address.strip()]


def retry_seconds(attempt: int) -> float:
    """Return how long to wait after an attempt to connect that failed; the first one is 0. It grows to two seconds."""
    return _RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)]


async def connect(
    servers: list[str],
    *,
    name: str,
    on_error: Callable[[Exception], Awaitable[None]],
    on_closed: Callable[[], Awaitable[None]] | None = None,
) -> Client:
    """Connect to one of the servers, trying once through them, or raise one of `AWAY`.

    `on_closed` is told when the connection is lost, some 15 seconds after a server that hangs answered last; unless the
    client fails in closing it, so wait with `until_lost`.
    """
    return await nats.connect(
        servers,
        name=name,
        allow_reconnect=False,
        # Tries each server twice at once and then raises, so that the waits between attempts are ours.
        max_reconnect_attempts=1,
        reconnect_time_wait=0,
        connect_timeout=CONNECT_SECONDS,
        ping_interval=PING_SECONDS,
        max_outstanding_pings=2,
        pending_size=0,
        error_cb=on_error,
        closed_cb=on_closed,
    )


async def until_lost(client: Client, told: asyncio.Event) -> None:
    """Return once the connection is lost. `told` is what `on_closed` sets.

    The client closes by sending what it has not sent yet. When the server went away with such a rest, that fails, and
    nobody is told: so the client is looked at too, four times a second.
    """
    while client.is_connected and not told.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await told.wait()


async def confirmed(client: Client) -> None:
    """Return once the server has all that was handed to the client, or raise one of `AWAY`."""
    # The client sends its ping ahead of what still waits to be sent, so only the second answer proves anything.
    for _ in range(2):
        await client.flush(timeout=CONNECT_SECONDS)


class SupervisedConnection(ABC):
    """A connection that is made again with a fresh client whenever it is lost, for as long as it takes.

    What cannot leave at once is for whoever publishes to raise: nothing is buffered over an outage.
    """

    def __init__(self, servers: str, *, name: str, log: EventLog) -> None:
        self._servers = servers_in(servers)
        self._name = name
        self._log = log
        self._client: Client | None = None
        self._lost = asyncio.Event()
        self._listening = asyncio.Event()
        self._stopping = False
        self._trouble: Exception | None = None
        self._errors = 0
        self._told_at = -ERROR_LOG_SECONDS

    @abstractmethod
    async def _begin(self, client: Client) -> None:
        """Subscribe with a new client, and return once the server knows. Raises one of `AWAY` if that cannot be."""

    @property
    def connected(self) -> bool:
        """Whether what is published now would leave."""
        return self._client is not None and self._client.is_connected

    @property
    def listening(self) -> bool:
        """Whether the connection stands and the server has its subscriptions."""
        return self._listening.is_set() and self.connected

    async def until_listening(self) -> None:
        """Return once the connection stands and the server has its subscriptions."""
        await self._listening.wait()

    async def run(self) -> None:
        """Keep the connection until cancelled, then close it. Told to stop, it ends once the connection is lost."""
        try:
            while not self._stopping:
                await until_lost(await self._connect(), self._lost)
                self._listening.clear()
                if not self._stopping:
                    self._log.error("nats_lost", connection=self._name)
        finally:
            self._listening.clear()
            client, self._client = self._client, None
            if client is not None:
                await client.close()

    async def _connect(self) -> Client:
        attempt = 0
        while True:
            try:
                client = await self._connect_once()
            except AWAY as error:
                wait = retry_seconds(attempt)
                # The client raises "no servers" and tells the reason only through its callback.
                reason = repr(self._trouble or error)
                self._log.warning("nats_unreachable", connection=self._name, error=reason, retry_in=wait)
                attempt += 1
                heed_cancellation()
                await asyncio.sleep(wait)
            else:
                heed_cancellation()
                self._log.info("nats_connected", connection=self._name)
                return client

    async def _connect_once(self) -> Client:
        self._lost.clear()
        self._trouble = None
        client = await connect(self._servers, name=self._name, on_error=self._on_error, on_closed=self._on_closed)
        self._client = client
        try:
            await self._begin(client)
        except BaseException:
            # Half subscribed, it would go on taking messages beside its successor.
            await client.close()
            raise
        self._listening.set()
        return client

    async def _on_error(self, error: Exception) -> None:
        if not self._listening.is_set():
            self._trouble = error
            return
        # Where messages come faster than they are taken, the client reports every single one that it drops.
        self._errors += 1
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= ERROR_LOG_SECONDS:
            self._log.error("nats_error", connection=self._name, error=repr(error), errors=self._errors)
            self._told_at, self._errors = now, 0

    async def _on_closed(self) -> None:
        self._lost.set()
