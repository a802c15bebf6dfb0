"""The real HTTP application over an authority of fakes, and callers that knock at it."""

import json
from collections.abc import Callable
from typing import Any

import httpx
from fastapi import APIRouter

from cio_strategist.domain.access.caller import ANONYMOUS, Caller, CallerClass, Permission
from cio_strategist.errors import RateLimitedError, StoreUnreachableError, UnauthenticatedError
from cio_strategist.gateway.http_app import create_app
from cio_strategist.gateway.readiness import Readiness
from cio_strategist.gateway.services import Services
from petrosa_contracts.primal.file import PrimalStanding
from tests.unit.strategist.authority import AGENT, OPERATOR, OTHER_OPERATOR, REASON, THOUGHT, FakeAuthority

LOOKER = Caller("eve", CallerClass.OPERATOR, frozenset({Permission.READ}), "token-4")
WHY = {"reason": REASON, "thought_trace": THOUGHT}
ANNA = {"Authorization": "Bearer anna"}
BEN = {"Authorization": "Bearer ben"}
BOT = {"Authorization": "Bearer strategist"}
EVE = {"Authorization": "Bearer eve"}
PROBLEM = "application/problem+json"


class FakeTokens:
    """Knows callers by their names."""

    def __init__(self) -> None:
        self.up = True

    async def caller_of(self, text: str | None) -> Caller:
        if text is None:
            return ANONYMOUS
        if not self.up:
            raise StoreUnreachableError("MongoDB cannot be reached")
        known = {caller.name: caller for caller in (OPERATOR, OTHER_OPERATOR, AGENT, LOOKER)}
        if text not in known:
            raise UnauthenticatedError("the token is not known")
        return known[text]


class FakeLimit:
    """Counts writes, and refuses them when none are left."""

    def __init__(self) -> None:
        self.left = 1000
        self.taken: list[str] = []

    async def take(self, caller: Caller) -> None:
        if not self.left:
            raise RateLimitedError(f"{caller.name} writes too often", retry_after_seconds=7)
        self.left -= 1
        self.taken.append(caller.name)


class Door:
    """An application with everything behind it."""

    def __init__(self, *routers: APIRouter, max_body_bytes: int = 20_000, primal: PrimalStanding | None = None) -> None:
        self.authority = FakeAuthority(primal=primal)
        self.tokens = FakeTokens()
        self.limit = FakeLimit()
        self.readiness = Readiness(ready=True, facts={"mongodb": True})
        services = Services(
            manager=self.authority.manager,
            proposals=self.authority.proposals,
            primal=self.authority.primal,
            latches=self.authority.latches,
            control=self.authority.control,
            reader=self.authority.reader,
            decisions=self.authority.decisions,
            tokens=self.tokens,
            write_limit=self.limit,
            readiness=lambda: self.readiness,
        )
        self.app = create_app(services, version="1.2.3", routers=routers, max_body_bytes=max_body_bytes)

    async def ask(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """Send one request; whatever comes back must be JSON without NaN and infinities, or nothing."""
        async with self.client() as client:
            answer = await client.request(method, path, **sent)
        if "json" in answer.headers.get("content-type", ""):
            json.loads(answer.content, parse_constant=_never)
        assert answer.headers["x-request-id"]
        return answer

    async def set(self, scope: str, headers: dict[str, str] = ANNA, **parameters: object) -> dict[str, Any]:
        """Set a scope and return the answer's body."""
        answer = await self.ask(
            "PUT", f"/api/v1/policy/scopes/{scope}", json={"parameters": parameters, **WHY}, headers=headers
        )
        assert answer.status_code in {200, 202}, answer.text
        return answer.json()

    async def document(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return (await self.ask("GET", "/openapi.json")).json()

    async def propose(self) -> str:
        """Make a pending proposal of the agent's and return its id."""
        answer = await self.set("global", BOT, leverage=20)
        assert answer["status"] == "pending"
        return answer["proposal_id"]

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://gateway")


def is_problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """Assert that an answer is a problem of this kind, and return it."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    problem = answer.json()
    assert problem["type"] == f"urn:petrosa-cio:problem:{kind}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == answer.request.url.path
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


def failing(error: Exception) -> Callable[..., Any]:
    """Return a coroutine function that raises, whatever it is given."""

    async def fail(*_: object, **__: object) -> object:
        raise error

    return fail


def _never(constant: str) -> object:
    raise AssertionError(f"{constant} is no JSON")
