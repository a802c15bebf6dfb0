"""Every tool, driven by the SDK's own client over both transports."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyotp
import pytest
from fastapi import FastAPI
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from pymongo.database import Database
from redis import Redis

from cio_strategist import policy_cli
from cio_strategist.gateway.http_app import create_app
from cio_strategist.gateway.mcp.transports import mcp_over_http
from cio_strategist.gateway.server import HttpServer
from devstack import Mongo
from devstack import Redis as RedisServer
from tests.integration.command_line import CommandLine
from tests.integration.strategist.mcp_journey import WHY, travel
from tests.unit.strategist.gateway.mcp.world import SECRET, McpWorld, content, error

ROOT = Path(__file__).parents[3]
HALT = {"scope": "global", "mode": "HALTED", **WHY}


@asynccontextmanager
async def serving(world: McpWorld, **options: object) -> AsyncIterator[str]:
    """The gateway on a free port; yields the address of its MCP server."""
    mcp = mcp_over_http(world.services, **options)  # type: ignore[arg-type]

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with mcp.running():
            yield

    app = create_app(world.services, version="0", lifespan=lifespan)
    app.add_route("/mcp", mcp.app)
    server = HttpServer(app, host="127.0.0.1", port=0)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve())
        try:
            yield f"http://127.0.0.1:{server.port}/mcp"
        finally:
            server.stop()


@asynccontextmanager
async def over_http(url: str, token: str | None = None, mode: str = "auto") -> AsyncIterator[Client]:
    """The SDK's client over streamable HTTP."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with (
        create_mcp_http_client(headers=headers) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


def codes(now: Callable[[], datetime]) -> Callable[[int], str]:
    return lambda steps: pyotp.TOTP(SECRET).at(now() + timedelta(seconds=30 * steps))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_every_tool_works_over_http(mode: str) -> None:
    world = McpWorld()
    async with serving(world) as url, over_http(url, await world.operator(), mode) as client:
        await travel(client, codes(world.clock.now))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_over_http_the_header_of_each_request_says_who_calls(mode: str) -> None:
    world = McpWorld()
    token = await world.agent()
    async with serving(world) as url:
        async with over_http(url, mode=mode) as nobody:
            assert content(await nobody.call_tool("list_configs"))["configs"] == []
            assert error(await nobody.call_tool("set_control", HALT))["code"] == "UNAUTHENTICATED"
        async with over_http(url, "cio_0000000000000000_wrong", mode) as stranger:
            assert error(await stranger.call_tool("set_control", HALT))["code"] == "UNAUTHENTICATED"
        async with over_http(url, token, mode) as agent:
            assert content(await agent.call_tool("set_control", HALT))["status"] == "applied"
    (record,) = world.store.trail
    assert (record.caller, record.request_id is not None) == ("strategist", True)


async def test_the_id_of_a_request_reaches_the_trail() -> None:
    world = McpWorld()
    async with serving(world) as url, httpx.AsyncClient() as http:
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "set_control", "arguments": HALT}}
        headers = {
            "Authorization": f"Bearer {await world.agent()}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-11-25",
            "X-Request-ID": "trace-me",
        }
        answer = await http.post(url, json=body, headers=headers)
    assert answer.json()["result"]["isError"] is False
    assert world.store.trail[0].request_id == "trace-me"


async def test_there_is_no_stream_that_would_hold_up_the_end_of_the_process() -> None:
    async with serving(McpWorld()) as url, httpx.AsyncClient() as http:
        refused = await http.get(url, headers={"Accept": "text/event-stream"})
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


async def test_a_web_page_cannot_reach_the_server_unless_its_origin_is_allowed() -> None:
    world = McpWorld()
    async with serving(world, allowed_origins=["https://ops.example"]) as url, httpx.AsyncClient() as http:
        headers = {"Accept": "application/json, text/event-stream"}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        foreign = await http.post(url, json=body, headers={**headers, "Origin": "https://evil.example"})
        own = await http.post(url, json=body, headers={**headers, "Origin": "https://ops.example"})
    assert (foreign.status_code, own.status_code) == (403, 200)


async def test_an_oversized_request_is_refused() -> None:
    async with serving(McpWorld()) as url, httpx.AsyncClient() as http:
        answer = await http.post(url, content=b" " * 300_000, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def program(*arguments: str, **environment: str) -> StdioServerParameters:
    return StdioServerParameters(command=sys.executable, args=["-m", *arguments], cwd=ROOT, env=environment)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_every_tool_works_over_standard_streams(mode: str) -> None:
    world = McpWorld()
    async with Client(program("tests.integration.strategist.mcp_program"), mode=mode) as client:
        await travel(client, codes(world.clock.now))


async def test_nothing_but_protocol_is_on_standard_output() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.strategist.mcp_program",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
    )
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_configs"}},
        {"jsonrpc": "2.0", "id": 3, "method": "no/such/method"},
    ]
    assert process.stdin is not None
    assert process.stdout is not None
    answers = []
    async with asyncio.timeout(60):
        for message in messages:
            process.stdin.write(json.dumps(message).encode() + b"\n")
            await process.stdin.drain()
            if "id" in message:
                answers.append(json.loads(await process.stdout.readline()))
        process.stdin.close()
        rest, noise = await process.communicate()
    assert [(answer["jsonrpc"], answer["id"]) for answer in answers] == [("2.0", 1), ("2.0", 2), ("2.0", 3)]
    assert rest == b""
    assert b"this is no protocol" in noise


@pytest.fixture
def environment(
    redis_server: RedisServer, redis: Redis, mongo_server: Mongo, mongo: Database[dict[str, object]]
) -> dict[str, str]:
    """What the real command needs: empty stores, and a token of an operator."""
    environment = {
        "REDIS_URL": redis_server.url,
        "MONGODB_URI": mongo_server.url,
        "MONGODB_DATABASE": mongo.name,
        "STRATEGIST_TOTP_SECRET": SECRET,
    }
    token = CommandLine(policy_cli.app, environment).done("token", "create", "anna", "--class", "operator").strip()
    return {**environment, "STRATEGIST_TOKEN": token}


@pytest.mark.servers
async def test_every_tool_works_through_the_command_on_real_servers(environment: dict[str, str], redis: Redis) -> None:
    async with Client(program("cio_strategist", "mcp", **environment)) as client:
        await travel(client, codes(lambda: datetime.now(UTC)))
    assert json.loads(redis.hget("cio:policy", "global"))["parameters"] == {"leverage": 90}
    assert redis.hgetall("cio:control") == {}
