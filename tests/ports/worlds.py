"""The two worlds in which the suites of the ports run: fakes, and real servers behind the real adapters.

A world offers the port under test and what a test does around it; both offer the same.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from redis.asyncio import Redis

from cio_nurse.adapters.nats import NatsConnection
from cio_nurse.adapters.redis import RedisLedgerStore, RedisPolicyStore
from cio_nurse.adapters.redis_inputs import RedisInputStore
from cio_nurse.ports import InputStore, LedgerStore, PolicyStore, Transport
from devstack import DevStack
from petrosa_contracts import rediskeys, reservations
from tests.builders import NOW
from tests.fakes import FakeClock, FakeTransport, Message, eventually
from tests.redis_fakes import RESERVATION_SECONDS, FakeInputStore, FakeLedgerStore, FakePolicyStore, FakeRedis

DEADLINE_SECONDS = 0.2


class FakeStores:
    """Both stores over one `FakeRedis`."""

    def __init__(self) -> None:
        self.redis = FakeRedis(FakeClock(NOW))
        self.policy: PolicyStore = FakePolicyStore(self.redis)
        self.inputs: InputStore = FakeInputStore(self.redis)
        self.ledger: LedgerStore = FakeLedgerStore(self.redis)
        self.another_ledger: LedgerStore = FakeLedgerStore(self.redis)

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def write(self, *, policy: Mapping[str, bytes], control: Mapping[str, bytes]) -> None:
        self.redis.write(policy=policy, control=control)

    async def announce(self) -> None:
        self.redis.announce()

    async def write_market(self, fields: Mapping[str, bytes], *announced: str) -> None:
        self.redis.market |= fields
        self.redis.announce_market(*announced)

    async def write_regime(self, fields: Mapping[str, bytes]) -> None:
        self.redis.regime |= fields

    async def write_portfolio(self, value: bytes) -> None:
        self.redis.portfolio = value

    async def write_wrong_types(self) -> None:
        self.redis.wrong_types = {"market", "regime", "portfolio"}

    async def write_wrong_type_of(self, name: str) -> None:
        self.redis.wrong_types = {name}

    async def write_epoch_text(self, text: str) -> None:
        self.redis.epoch_text = text

    async def seconds_until_free(self, identity: str) -> float:
        _, until = self.redis.identities[identity]
        return (until - self.redis.clock.now()).total_seconds()

    async def settle(self, revision: int, *decision_ids: str) -> None:
        self.redis.settle(revision, *decision_ids)

    async def let_reservations_expire(self, *decision_ids: str) -> None:
        self.redis.clock.jump(RESERVATION_SECONDS + 1)

    async def stop(self) -> None:
        self.redis.stop()

    async def hang(self) -> None:
        self.redis.hang()

    async def recover(self) -> None:
        self.redis.recover()


class RealStores:
    """Both stores over a real Redis, empty at first."""

    def __init__(self, servers: DevStack) -> None:
        self._server = servers.redis
        self._hangs = False
        policy = RedisPolicyStore(servers.redis.url)
        ledger, another = (
            RedisLedgerStore(
                servers.redis.url, deadline_seconds=DEADLINE_SECONDS, reservation_seconds=RESERVATION_SECONDS
            ),
            RedisLedgerStore(
                servers.redis.url, deadline_seconds=DEADLINE_SECONDS, reservation_seconds=RESERVATION_SECONDS
            ),
        )
        inputs = RedisInputStore(servers.redis.url)
        self._stores = (policy, inputs, ledger, another)
        self.policy: PolicyStore = policy
        self.inputs: InputStore = inputs
        self.ledger: LedgerStore = ledger
        self.another_ledger: LedgerStore = another
        self._client = Redis.from_url(servers.redis.url)

    async def open(self) -> None:
        await self._client.flushall()

    async def close(self) -> None:
        await self.recover()
        for store in self._stores:
            await store.close()
        await self._client.aclose()

    async def write(self, *, policy: Mapping[str, bytes], control: Mapping[str, bytes]) -> None:
        async with self._client.pipeline(transaction=True) as pipe:
            for key, fields in ((rediskeys.POLICY, policy), (rediskeys.CONTROL, control)):
                pipe.delete(key)
                if fields:
                    pipe.hset(key, mapping=dict(fields))
            pipe.incr(rediskeys.POLICY_EPOCH)
            pipe.publish(rediskeys.POLICY_CHANGED, "hint")
            await pipe.execute()

    async def announce(self) -> None:
        await self._client.publish(rediskeys.POLICY_CHANGED, "hint")

    async def write_market(self, fields: Mapping[str, bytes], *announced: str) -> None:
        async with self._client.pipeline(transaction=True) as pipe:
            if fields:
                pipe.hset(rediskeys.MARKET, mapping=dict(fields))
            pipe.publish(rediskeys.MARKET_CHANGED, " ".join(announced))
            await pipe.execute()

    async def write_regime(self, fields: Mapping[str, bytes]) -> None:
        await self._client.hset(rediskeys.REGIME, mapping=dict(fields))

    async def write_portfolio(self, value: bytes) -> None:
        await self._client.set(rediskeys.PORTFOLIO, value)

    async def write_wrong_types(self) -> None:
        await self._client.set(rediskeys.MARKET, "text")
        await self._client.set(rediskeys.REGIME, "text")
        await self._client.hset(rediskeys.PORTFOLIO, "a", "hash")

    async def write_wrong_type_of(self, name: str) -> None:
        await self._client.set(f"cio:{name}", "text")

    async def write_epoch_text(self, text: str) -> None:
        await self._client.set(rediskeys.POLICY_EPOCH, text)

    async def seconds_until_free(self, identity: str) -> float:
        return await self._client.pttl(rediskeys.ledger_identity(identity)) / 1000

    async def settle(self, revision: int, *decision_ids: str) -> None:
        await self._client.eval(
            reservations.SETTLE,
            len(reservations.KEYS),
            *reservations.KEYS,
            *reservations.settle_arguments(revision, decision_ids),
        )

    async def let_reservations_expire(self, *decision_ids: str) -> None:
        await self._client.zadd(rediskeys.RESERVED, dict.fromkeys(decision_ids, 1), xx=True)

    async def stop(self) -> None:
        await asyncio.to_thread(self._server.stop)

    async def hang(self) -> None:
        self._hangs = True
        await asyncio.to_thread(self._server.pause)

    async def recover(self) -> None:
        if self._hangs:
            self._hangs = False
            await asyncio.to_thread(self._server.resume)
        if not self._server.running:
            await asyncio.to_thread(self._server.start)


Stores = FakeStores | RealStores


class ReportsKept:
    """Keeps what became of signals."""

    def __init__(self) -> None:
        self.undelivered_signals: list[str] = []
        self.replies: list[tuple[str, bytes]] = []

    async def undelivered(self, decision_id: str) -> None:
        self.undelivered_signals.append(decision_id)

    def engine_replied(self, decision_id: str, data: bytes) -> None:
        self.replies.append((decision_id, data))


class FakeBus:
    """A `FakeTransport` whose server is made up."""

    def __init__(self) -> None:
        self.reports = ReportsKept()
        self._fake = FakeTransport(reports=self.reports, connected=False)
        self._fake.engine = None
        self.transport: Transport = self._fake

    async def open(self) -> None:
        """Nobody connects by themselves."""

    async def close(self) -> None:
        """Nothing to close."""

    async def connect(self) -> None:
        self._fake.connect()

    async def lose_server(self) -> None:
        self._fake.disconnect()

    async def bring_server_back(self) -> None:
        self._fake.connect()

    async def engine(self, *, reply: bytes | None) -> None:
        self._fake.engine = lambda _signal: reply

    def seen(self, subject: str) -> list[Message]:
        return self._fake.on(subject)

    async def settle(self) -> None:
        await self._fake.flush()


class RealBus:
    """A `NatsConnection` on a real server, and an observer of the subject `seen`."""

    def __init__(self, servers: DevStack) -> None:
        self.reports = ReportsKept()
        self._server = servers.nats
        self._connection = NatsConnection(servers.nats.url, name="test", subscriptions=[], delivery=self.reports)
        self.transport: Transport = self._connection
        self._running: asyncio.Task[None] | None = None
        self._observer: Client | None = None
        self._seen: list[Message] = []
        self._reply: bytes | None = None

    async def open(self) -> None:
        self._observer = await self._observe("seen")

    async def close(self) -> None:
        if not self._server.running:
            await asyncio.to_thread(self._server.start)
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
        if self._observer is not None:
            await self._observer.close()

    async def connect(self) -> None:
        self._running = asyncio.create_task(self._connection.run())
        await self._connection.until_listening()

    async def lose_server(self) -> None:
        await asyncio.to_thread(self._server.stop)
        await eventually(lambda: not self.transport.connected)

    async def bring_server_back(self) -> None:
        await asyncio.to_thread(self._server.start)
        await asyncio.wait_for(self._connection.until_listening(), 10)
        await eventually(lambda: self._observer is not None and self._observer.is_connected)
        await self.settle()

    async def engine(self, *, reply: bytes | None) -> None:
        assert self._observer is not None
        self._reply = reply
        await self._observer.subscribe("signals.trading", cb=self._keep)
        await _confirmed(self._observer)

    def seen(self, subject: str) -> list[Message]:
        return [message for message in self._seen if message.subject == subject]

    async def settle(self) -> None:
        """Return once what was published has come where it goes, and what was said about it too."""
        assert self._observer is not None
        for _ in range(2):
            await self.transport.flush()
            await _confirmed(self._observer)

    async def _observe(self, subject: str) -> Client:
        client = await nats.connect(
            self._server.url, reconnect_time_wait=0.02, max_reconnect_attempts=-1, error_cb=_ignore
        )
        await client.subscribe(subject, cb=self._keep)
        await _confirmed(client)
        return client

    async def _keep(self, message: Msg) -> None:
        self._seen.append(Message(message.subject, message.data, message.headers))
        if message.reply and self._reply is not None:
            await message.respond(self._reply)


Bus = FakeBus | RealBus


async def _confirmed(client: Client) -> None:
    # The client sends its ping ahead of what still waits to be sent, so only the second answer proves anything.
    for _ in range(2):
        await client.flush()


async def _ignore(_error: Exception) -> None:
    """The observer rides out the outages that tests make."""
