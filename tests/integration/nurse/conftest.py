"""Real servers and real gates.

`gate` is one process for a whole module with a fresh, empty policy for every test; a module sets `GATE_SETTINGS` for
its variables. Tests that need gates of their own take `new_gate`, in modules that do not use `gate`: all gates on one
NATS server share the intents.
"""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator

import nats
import pytest
from nats.js import JetStreamContext

from devstack import DevStack
from petrosa_contracts.runtime.jetstream import ensure_streams
from petrosa_contracts.streams import DECISIONS
from tests.integration.nurse.fleet import Bus, Engine
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually_blocking
from tests.integration.nurse.store import Store

_SHOWN_LINES = 30

_SILENT_ENGINE = """
import asyncio, sys, nats

async def drop(message):
    pass

async def main():
    client = await nats.connect(sys.argv[1])
    await client.subscribe("signals.trading", cb=drop)
    # The client sends its ping ahead of what waits to be sent, so only the second answer proves anything.
    await client.flush()
    await client.flush()
    print("listening", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture(scope="session")
def stack() -> Iterator[DevStack]:
    with DevStack(mongo=False) as stack:
        yield stack


@pytest.fixture
def store(stack: DevStack) -> Iterator[Store]:
    """Redis with an empty policy and no control entries."""
    store = Store(stack.redis.url)
    store.reset()
    yield store
    store.close()


@pytest.fixture(scope="module")
def _gate_of_module(request: pytest.FixtureRequest, stack: DevStack) -> Iterator[Gate]:
    store = Store(stack.redis.url)
    store.reset()
    store.close()
    gate = Gate({**stack.environment(), **getattr(request.module, "GATE_SETTINGS", {})})
    try:
        yield gate.start_ready()
    finally:
        _end(gate)


@pytest.fixture
def gate(_gate_of_module: Gate, store: Store) -> Gate:
    """The module's gate, once it has seen the empty policy that this test begins with."""
    epoch = store.reset()
    eventually_blocking(lambda: _gate_of_module.readiness()[1]["epoch"] == epoch, what="the empty policy is in force")
    return _gate_of_module


@pytest.fixture
def new_gate(stack: DevStack, store: Store) -> Iterator[Callable[..., Gate]]:
    """Make gates with settings of their own, such as `new_gate(NURSE_LANE_CAPACITY="20")`; they are started by hand."""
    gates: list[Gate] = []

    def make(*, reads_log: bool = True, **settings: str) -> Gate:
        gates.append(Gate({**stack.environment(), **settings}, reads_log=reads_log))
        return gates[-1]

    yield make
    for gate in gates:
        _end(gate)


@pytest.fixture
async def bus(stack: DevStack) -> AsyncIterator[Bus]:
    bus = await Bus.connect(stack.nats.url)
    yield bus
    await bus.close()


@pytest.fixture
async def engine(bus: Bus) -> Engine:
    """An order engine on `signals.trading`."""
    return await bus.engine()


@pytest.fixture
async def jetstream(stack: DevStack) -> AsyncIterator[JetStreamContext]:
    """The stream of records, empty."""
    client = await nats.connect(stack.nats.url)
    context = client.jetstream(timeout=10)
    await ensure_streams(context, (DECISIONS,))
    await context.purge_stream(DECISIONS.name)
    yield context
    await client.close()


@pytest.fixture
def silent_engine(stack: DevStack) -> Iterator[None]:
    """An engine in a process of its own, which takes signals and costs the test's event loop nothing."""
    process = subprocess.Popen([sys.executable, "-c", _SILENT_ENGINE, stack.nats.url], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"listening\n"
        yield
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def redis_server(stack: DevStack) -> Iterator:
    """Redis, to be stopped and paused at will; it runs again afterwards."""
    yield stack.redis
    _mend(stack.redis)


@pytest.fixture
def nats_server(stack: DevStack) -> Iterator:
    """NATS, to be stopped and paused at will; it runs again afterwards."""
    yield stack.nats
    _mend(stack.nats)


def _mend(server) -> None:
    if server.running:
        server.resume()
    server.start()


def _end(gate: Gate) -> None:
    gate.close()
    # Shown by pytest when the test failed.
    print("".join([*gate.lines[-_SHOWN_LINES:], *gate.complaints[-_SHOWN_LINES:]]))
