"""The authority under test: the real program on a MongoDB-wire server, and the same code in this process."""

import asyncio
import contextlib
import http.client
import json
import sys
from collections.abc import Generator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

import redis
import uvloop

from bench.testbed import Testbed
from cio_strategist.adapters import log
from cio_strategist.bootstrap import Governance, open_governance
from cio_strategist.domain.access.caller import CallerClass, operator_at_the_console
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.edit import PatchParameters
from cio_strategist.domain.policy.outcome import Enforcement
from cio_strategist.settings import Settings
from devstack import Mongo
from devstack.ports import LOOPBACK
from devstack.service import Service
from petrosa_contracts import rediskeys

LIMIT = "max_position_size_usd"
"""The parameter that is changed, in the global scope."""

_NAME = "bench"
_REASON = "measuring how fast a change is enforced"
_TIMEOUT_SECONDS = 10
# Changes follow each other without end here, which is what budgets and rates are there to prevent.
_UNBOUND = {"STRATEGIST_OPERATOR_LOOSENING": "1000000", "STRATEGIST_WRITES_PER_MINUTE": "1000000"}


class NotEnforcedError(RuntimeError):
    """A change was refused, or did not reach Redis at once, so that there is nothing to measure."""


class Strategist(Service):
    """One `cio-strategist`, ready when it takes writes and they are enforced. It cannot outlive this process."""

    name: ClassVar[str] = "cio-strategist"
    variable: ClassVar[str] = "STRATEGIST_HTTP_PORT"
    program: ClassVar[str] = "cio-strategist"
    distribution: ClassVar[str] = "cio-strategist"


class StraightWrite:
    """Writes what the global scope says into Redis again, under a new epoch, as little as any writer could do."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._layer = client.hget(rediskeys.POLICY, "global") or b""

    def look(self) -> None:
        """Read what is to be written: with other content, the authority would repair it."""
        self._layer = self._client.hget(rediskeys.POLICY, "global") or b""

    def write(self) -> None:
        """Write it in one transaction."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.hset(rediskeys.POLICY, "global", self._layer)
            pipe.incr(rediskeys.POLICY_EPOCH)
            pipe.publish(rediskeys.POLICY_CHANGED, _NAME)
            pipe.execute()


class InProcess:
    """Changes the limit through the authority's own code, in this process, without any gateway."""

    def __init__(self, runner: asyncio.Runner, governance: Governance) -> None:
        self._runner = runner
        self._governance = governance

    def write(self, value: float) -> None:
        """Set the limit; return once it is committed and carried on. Raises `NotEnforcedError`."""
        request = ChangeRequest(caller=operator_at_the_console(_NAME), reason=_REASON)
        edit = PatchParameters(parameters={LIMIT: value})
        outcome = self._runner.run(self._governance.manager.apply(edit, scope="global", request=request))
        _check(outcome.enforcement, outcome.message)

    def make_token(self) -> str:
        """Return a token of an operator's."""
        tokens = self._governance.needed_authority.tokens
        _, text = self._runner.run(tokens.create(_NAME, CallerClass.OPERATOR, None))
        return text


class Gateway:
    """Changes the limit through the HTTP gateway of a process, over one connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_SECONDS)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def write(self, value: float) -> None:
        """Set the limit; return once the answer is here. Raises `NotEnforcedError`."""
        body = json.dumps({"parameters": {LIMIT: value}, "reason": _REASON})
        self._connection.request("PATCH", "/api/v1/policy/scopes/global", body, self._headers)
        response = self._connection.getresponse()
        told: dict[str, Any] = json.loads(response.read())
        if response.status != HTTPStatus.OK:
            raise NotEnforcedError(f"the gateway answered {response.status}: {told}")
        enforcement = told["enforcement"]
        _check(None if enforcement is None else Enforcement.model_validate(enforcement), told["message"])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Writers:
    """The three ways in which policy is changed here."""

    straight: StraightWrite
    in_process: InProcess
    gateway: Gateway


@contextlib.contextmanager
def running_authority(bed: Testbed) -> Generator[Writers]:
    """Start MongoDB and the authority beside a testbed, which from then on owns the policy in its Redis."""
    with contextlib.ExitStack() as started:
        mongo = Mongo(bed.folder / "mongo")
        started.callback(mongo.release_ports)
        started.enter_context(mongo)
        stores = {"MONGODB_URI": mongo.url, "REDIS_URL": bed.redis_url}
        environment = {**stores, **_UNBOUND, "STRATEGIST_LOG_LEVEL": "WARNING"}
        strategist = Strategist(bed.folder / "strategist", environment)
        started.callback(strategist.release_ports)
        started.enter_context(strategist)
        log.configure("WARNING", sys.stderr)
        # The service runs on the same loop.
        runner = started.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        opened = open_governance(Settings.model_validate({**stores, **_UNBOUND}))
        in_process = InProcess(runner, runner.run(opened.__aenter__()))
        started.callback(lambda: runner.run(opened.__aexit__(None, None, None)))
        gateway = Gateway(strategist.port, in_process.make_token())
        started.callback(gateway.close)
        client = started.enter_context(redis.Redis.from_url(bed.redis_url))
        yield Writers(StraightWrite(client), in_process, gateway)


def _check(enforcement: Enforcement | None, message: str) -> None:
    if enforcement is None or not enforcement.enforced:
        raise NotEnforcedError(message if enforcement is None else enforcement.message)
