"""Clients of NATS that are used until they are lost, and never resumed. Needs the extra `nats`.

The client's own reconnecting sends what was buffered before an outage once the server is back: an order would leave
late. Whoever connects here makes a fresh client instead, after waits of its own.
"""

# The client library types its options only in part.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import nats
import nats.errors
from nats.aio.client import Client

CONNECT_SECONDS = 2
PING_SECONDS = 5

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
