"""The bare transport: a process that answers what it gets, `python -m bench.responders echo|relay|durable NATS_URL`.

`echo` publishes the payload back. `relay` first publishes it on a subject that somebody reads, as a gate without any
thought would. `durable` first publishes it to a JetStream stream in files and answers when that is acknowledged; it
goes on taking messages meanwhile, any number on their way, as the gate does with its records. All use the gate's client
library in the way its documentation shows, on the same event loop.
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
DURABLE = "bench.durable"
KEPT = "bench.kept"
"""Where `durable` publishes; its stream keeps it."""
RELAYED = "bench.relayed"
"""Where the relay publishes; `bench.consumer` reads it."""


async def serve(role: str, nats_url: str) -> None:
    """Answer until standard input ends."""
    client = await nats.connect(nats_url, name=f"bench-{role}", allow_reconnect=False)
    subject, answer = {
        "echo": (ECHO, _echo),
        "relay": (RELAY, _relay_through(client)),
        "durable": (DURABLE, await _durable_through(client)),
    }[role]
    await client.subscribe(subject, cb=answer)
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


async def _durable_through(client: Client) -> Callable[[Msg], Awaitable[None]]:
    waiting: dict[str, Msg] = {}
    inbox = client.new_inbox()

    async def kept(acknowledgement: Msg) -> None:
        message = waiting.pop(acknowledgement.subject.rpartition(".")[2])
        await message.respond(message.data)

    async def durable(message: Msg) -> None:
        name = message.reply.rpartition(".")[2]
        waiting[name] = message
        await client.publish(KEPT, message.data, reply=f"{inbox}.{name}")

    await client.jetstream().add_stream(name="BENCH", subjects=[KEPT])
    await client.subscribe(f"{inbox}.*", cb=kept)
    return durable


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], sys.argv[2]))
