"""What each user may not do is refused by the servers themselves."""

from collections.abc import Callable

import pytest
from nats.aio.client import Client
from redis import Redis
from redis.exceptions import AuthenticationError, ResponseError

from canary.errors import UnavailableError
from canary.nats_wire import NatsAddress, request
from petrosa_contracts import rediskeys
from petrosa_contracts.reservations import KEYS
from tests.integration.deploy.conftest import Connect, World

pytestmark = pytest.mark.servers

NATS_USERS = ("bots", "gate", "feed", "tracker", "recorder", "engine", "market", "canary", "operator")
REDIS_USERS = ("gate", "authority", "feed", "tracker", "operator")

PUBLISHERS = {
    "signals.trading": {"gate"},
    "signals.trading.momentum_v1": {"gate"},
    "cio.verdict.momentum_v1": {"gate"},
    "cio.record.decision.momentum_v1": {"gate"},
    "cio.heartbeat": {"gate"},
    "alerts.cio.restricted.nurse": {"gate", "tracker", "recorder"},
    "alerts.tradeengine.halt_suspected": {"engine"},
    "execution.events.momentum_v1": {"engine"},
    "exchange.binance.rate_limits": {"engine"},
    "binance.websocket.data": {"market"},
    "cio.intent.trading.momentum_v1": {"bots"},
    "intent.trading.momentum_v1": {"bots"},
    "cio.audit.failsafe.momentum_v1": {"bots"},
    "cio.ping": {"bots", "canary", "operator"},
    "_INBOX.of.somebody": {"gate", "engine"},
    "$JS.ACK.CIO_DECISIONS.recorder.1.1.1.1.1": {"recorder"},
    "$JS.API.STREAM.CREATE.CIO_DECISIONS": {"gate", "recorder"},
    "$JS.API.STREAM.CREATE.CIO_FAILSAFE": {"recorder"},
    "$JS.API.STREAM.CREATE.ANOTHER": set[str](),
    "$JS.API.STREAM.UPDATE.CIO_DECISIONS": set[str](),
    "$JS.API.STREAM.PURGE.CIO_DECISIONS": set[str](),
    "$JS.API.STREAM.DELETE.CIO_DECISIONS": set[str](),
    "$JS.API.STREAM.MSG.DELETE.CIO_DECISIONS": set[str](),
    "$JS.API.STREAM.MSG.GET.CIO_DECISIONS": {"recorder", "operator"},
    "$JS.API.CONSUMER.CREATE.CIO_DECISIONS.recorder": {"recorder"},
    "$JS.API.CONSUMER.CREATE.CIO_DECISIONS.another": set[str](),
    "$JS.API.CONSUMER.CREATE.CIO_INTENTS.any": {"recorder"},
}
"""Who may publish what; nobody else."""

LISTENERS = {
    "signals.trading": {"engine"},
    "signals.>": set[str](),
    "cio.record.decision.>": {"operator"},
    "cio.verdict.>": {"operator"},
    "cio.intent.>": {"operator"},
    "alerts.>": {"operator"},
    "execution.events.>": {"gate", "tracker", "operator"},
    "cio.heartbeat": {"bots", "gate", "engine", "operator"},
    "binance.websocket.data": {"bots", "feed"},
    ">": set[str](),
}
"""Who may listen where; nobody else. The gate hears intents in its queue group alone."""


async def _refused(client: Client, what: str) -> bool:
    await client.flush()
    await client.flush()
    return f"permissions violation for {what}" in str(client.last_error)


@pytest.mark.parametrize("user", NATS_USERS)
async def test_a_user_publishes_what_is_its_own_and_nothing_else(connect: Connect, user: str) -> None:
    allowed: set[str] = set()
    for subject in PUBLISHERS:
        client = await connect(user)
        await client.publish(subject, b"{}")
        if not await _refused(client, "publish"):
            allowed.add(subject)
    assert allowed == {subject for subject, users in PUBLISHERS.items() if user in users}


@pytest.mark.parametrize("user", NATS_USERS)
async def test_a_user_hears_what_is_for_it_and_nothing_else(connect: Connect, user: str) -> None:
    allowed: set[str] = set()
    for subject in LISTENERS:
        client = await connect(user)
        await client.subscribe(subject)
        if not await _refused(client, "subscription"):
            allowed.add(subject)
    assert allowed == {subject for subject, users in LISTENERS.items() if user in users}


def test_nobody_connects_to_nats_without_a_name(world: World) -> None:
    with pytest.raises(UnavailableError, match="Authorization Violation"):
        request(NatsAddress.parse(world.nats.url), "cio.ping", b"", 5)


WRITERS = {
    rediskeys.POLICY: {"authority"},
    rediskeys.POLICY_VERSIONS: {"authority"},
    rediskeys.POLICY_EPOCH: {"authority"},
    rediskeys.POLICY_REVISION: {"authority"},
    rediskeys.CONTROL: {"authority"},
    rediskeys.PORTFOLIO_CLEARED: {"authority"},
    rediskeys.MARKET: {"feed"},
    rediskeys.REGIME: {"feed"},
    rediskeys.PORTFOLIO: {"tracker"},
    **{key: {"gate", "tracker"} for key in KEYS},
    rediskeys.ledger_identity("an-intent"): {"gate"},
    "another:key": set[str](),
}
"""Who may write what; nobody else."""

ANNOUNCERS = {rediskeys.POLICY_CHANGED: {"authority"}, rediskeys.MARKET_CHANGED: {"feed"}}
WRITES: tuple[tuple[str, ...], ...] = (
    ("HSET", "field", "value"),
    ("HSETNX", "field", "value"),
    ("HDEL", "field"),
    ("HINCRBY", "field", "1"),
    ("SET", "value"),
    ("DEL",),
    ("INCRBY", "1"),
    ("ZADD", "1", "member"),
    ("EXPIRE", "1"),
)


def _may(examiner: Redis, user: str, *command: str) -> bool:
    return examiner.execute_command("ACL", "DRYRUN", user, *command) == "OK"


@pytest.mark.parametrize("user", REDIS_USERS)
def test_a_user_writes_its_own_keys_and_no_others(examiner: Redis, user: str) -> None:
    def writes(key: str) -> bool:
        return any(_may(examiner, user, name, key, *rest) for name, *rest in WRITES)

    assert {key for key in WRITERS if writes(key)} == {key for key, users in WRITERS.items() if user in users}


@pytest.mark.parametrize("user", REDIS_USERS)
def test_a_user_announces_its_own_changes_alone(examiner: Redis, user: str) -> None:
    announced = {channel for channel in ANNOUNCERS if _may(examiner, user, "PUBLISH", channel, "text")}
    assert announced == {channel for channel, users in ANNOUNCERS.items() if user in users}


@pytest.mark.parametrize("user", REDIS_USERS)
@pytest.mark.parametrize("command", ["FLUSHALL", "CONFIG GET save", "ACL LIST", "KEYS *", "SHUTDOWN", "DEBUG SLEEP 0"])
def test_nobody_commands_the_server(examiner: Redis, user: str, command: str) -> None:
    assert not _may(examiner, user, *command.split())


def test_a_script_of_the_gate_writes_no_policy_either(redis_of: Callable[[str], Redis]) -> None:
    script = "return redis.call('HDEL', 'cio:policy', 'global')"
    with pytest.raises(ResponseError, match="key"):
        redis_of("gate").eval(script, 1, rediskeys.RESERVED)


def test_nobody_connects_to_redis_without_a_name(world: World) -> None:
    with Redis.from_url(world.redis.url) as client, pytest.raises(AuthenticationError):
        client.ping()
