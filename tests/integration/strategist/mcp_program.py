"""Serves the MCP tools over standard streams, with services in memory, and prints where it should not."""

import asyncio
import sys

import structlog

from cio_strategist.gateway.mcp.transports import run_stdio
from tests.unit.strategist.gateway.mcp.world import McpWorld


async def main() -> None:
    """Serve an operator until the input ends."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    world = McpWorld()
    token = await world.operator()

    async def printing(text: str | None) -> object:
        print("this is no protocol")
        return await verify(text)

    verify, world.tokens.caller_of = world.tokens.caller_of, printing  # type: ignore[assignment,method-assign]
    await run_stdio(world.services, token=token)


if __name__ == "__main__":
    asyncio.run(main())
