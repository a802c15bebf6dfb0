"""The bare transport: a process that answers what it gets, `python -m bench.responders echo|relay NATS_URL`.

`echo` publishes the payload back. `relay` first publishes it on a subject that somebody reads, as a gate without any
thought would. Both use the gate's client library in the way its documentation shows, on the same event loop.
"""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable

import nats
import uvloop
from nats.aio.client import Client
from nats.aio.msg import Msg

ECHO = "bench.echo"
RELAY = "bench.relay"
RELAYED = "bench.relayed"
"""Where the relay publishes; `bench.consumer` reads it."""


async def serve(role: str, nats_url: str) -> None:
    """Answer until standard input ends."""
    client = await nats.connect(nats_url, name=f"bench-{role}", allow_reconnect=False)
    await client.subscribe(ECHO if role == "echo" else RELAY, cb=_echo if role == "echo" else _relay_through(client))
    # The client sends its ping ahead of what waits to be sent, so only the second answer proves anything.
    await client.flush()
    await client.flush()
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await client.close()


async def _echo(message: Msg) -> None:
    await message.respond(message.data)


def _relay_through(client: Client) -> Callable[[Msg], Awaitable[None]]:
    async def relay(message: Msg) -> None:
        await client.publish(RELAYED, message.data)
        await message.respond(message.data)

    return relay


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], sys.argv[2]))
