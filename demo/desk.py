"""A seat at the authority's MCP door: a real client of the protocol with a token of its own."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import Tool

from demo.ledger import Changed, Ledger, LimitRead, Note, Seat, Words

LIMIT = "max_position_size_usd"
"""The parameter that the play is about."""

PATIENCE_SECONDS = 10.0
"""How long one call may take."""


class DeskError(Exception):
    """The authority refused what the play needs, or answered something else than expected."""


class Desk:
    """Calls tools for whoever sits here and writes down what came of it."""

    def __init__(self, client: Client, seat: Seat, ledger: Ledger) -> None:
        self._client = client
        self._ledger = ledger
        self.seat = seat

    async def tools(self) -> Sequence[Tool]:
        """Return what the authority offers."""
        return (await self._client.list_tools()).tools

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return its structured answer. Raises `DeskError` with what the authority says against it."""
        answer = await self._client.call_tool(tool, arguments)
        content = answer.structured_content
        if answer.is_error or not isinstance(content, dict):
            raise DeskError(f"{tool} called by the {self.seat}: {content or answer.content}")
        return content

    async def change(
        self,
        tool: str,
        words: Words,
        *,
        limit_usd: float | None = None,
        halted: str | None = None,
        resumed: str | None = None,
        safe_seconds: int | None = None,
        **arguments: Any,
    ) -> Changed:
        """Change something; return and record what was told about it. Raises `DeskError` unless it was applied."""
        asked_at = self._ledger.now()
        told = await self.call(tool, **arguments, reason=words.reason, thought_trace=words.thought_trace)
        if told["status"] != "applied":
            raise DeskError(f"{tool} called by the {self.seat}: {told['message']}")
        enforcement = told["enforcement"] or {}
        changed = Changed(
            at=asked_at,
            by=self.seat,
            words=words,
            audit_id=told["audit_id"],
            epoch=enforcement.get("epoch"),
            enforced=bool(enforcement.get("enforced")),
            limit_usd=limit_usd,
            halted=halted,
            resumed=resumed,
            safe_seconds=safe_seconds,
        )
        self._ledger.record(changed)
        return changed

    async def read_limit(self) -> float:
        """Return the limit on one order that holds where nothing narrower says otherwise, and record it."""
        resolved = await self.call("get_resolved_config")
        usd = float(resolved["parameters"][LIMIT]["value"])
        self._ledger.record(LimitRead(at=self._ledger.now(), by=self.seat, usd=usd))
        return usd

    async def preview_limit(self, **change: Any) -> dict[str, Any]:
        """Return what a change of the global scope would do, with its effect on the limit alone under `effect`."""
        found = await self.call("preview_change", scope="global", **change)
        effects = [effect for effect in found["effects"] if effect["name"] == LIMIT]
        if len(effects) != 1:
            raise DeskError(f"the preview does not say what becomes of {LIMIT}: {found['message']}")
        return {**found, "effect": effects[0]}

    def now(self) -> float:
        """Return the time on the ledger's clock."""
        return self._ledger.now()

    def note(self, text: str) -> None:
        """Write a line of the timeline, in the name of whoever sits here."""
        self._ledger.record(Note(at=self._ledger.now(), text=f"{self.seat}: {text}"))


@asynccontextmanager
async def open_desk(url: str, token: str, seat: Seat, ledger: Ledger) -> AsyncGenerator[Desk]:
    """Sit down at the authority whose MCP address is `url`."""
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_SECONDS) as http,
        Client(streamable_http_client(url, http_client=http), read_timeout_seconds=PATIENCE_SECONDS) as client,
    ):
        yield Desk(client, seat, ledger)
