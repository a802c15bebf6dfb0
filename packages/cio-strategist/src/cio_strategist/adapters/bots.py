"""The bots of the fleet, over HTTP."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode

import httpx

from cio_strategist.domain.fleet.bot import Bot
from cio_strategist.domain.fleet.call import BotCall, BotReply
from cio_strategist.domain.fleet.openapi import DOCUMENT_PATH
from cio_strategist.errors import BotError

LARGEST_REPLY = 1_048_576
"""Bytes of a reply, or of an OpenAPI document, that are read at most."""

_CONNECTIONS = 20
_ANSWERS = range(200, 300)
_ERRORS = range(400, 600)
_SECONDS = re.compile(r"[0-9]{1,9}")
_LONGEST_TEXT = 500
_LONGEST_PAUSE_SECONDS = 86_400
_READ_DOCUMENT = BotCall("openapi", "GET", DOCUMENT_PATH)


class HttpBots:
    """`BotClient` over HTTP; build it with `open_bots`.

    A request is sent once, to the registered address, without following redirects, without credentials, cookies or
    proxies of the environment, on a connection of its own: so nothing that a bot left behind can spoil the next call,
    and a write is never repeated.
    """

    def __init__(self, client: httpx.AsyncClient, *, total_seconds: float) -> None:
        self._client = client
        self._total_seconds = total_seconds

    async def document(self, bot: Bot) -> object:
        """Return the JSON of its OpenAPI document. Raises `BotError` if there is none to be had."""
        reply = await self.send(bot, _READ_DOCUMENT)
        if reply.status in _ERRORS:
            raise BotError(
                f"bot {bot.name} answers {DOCUMENT_PATH} with status {reply.status}: "
                "look whether the address registered for it is the bot's, and whether the bot is well"
            )
        return reply.body

    async def send(self, bot: Bot, call: BotCall) -> BotReply:
        """Send a request and return the reply. Raises `BotError` saying whether a write may have been done."""
        request = self._request(bot, call)
        with self._translating(bot, call):
            async with asyncio.timeout(self._total_seconds):
                response = await self._client.send(request, stream=True)
                try:
                    content = await _content(response)
                finally:
                    await response.aclose()
        if content is None:
            raise _nonsense(bot, call, f"more than {LARGEST_REPLY} bytes, or compressed ones")
        status = response.status_code
        if status not in _ANSWERS and status not in _ERRORS:
            raise _nonsense(bot, call, f"status {status}, and redirects are not followed")
        return BotReply(status, _body(bot, call, status, content), _retry_after(response))

    def _request(self, bot: Bot, call: BotCall) -> httpx.Request:
        query = f"?{urlencode(call.query)}" if call.query else ""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "petrosa-cio"}
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        return self._client.build_request(
            call.method, f"{bot.root}{call.path}{query}", headers=headers, content=call.body
        )

    @contextmanager
    def _translating(self, bot: Bot, call: BotCall) -> Generator[None]:
        tried = f"{call.method} {call.path}"
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise BotError(
                f"bot {bot.name} is away: {tried} found no connection ({_why(error)}), so nothing was sent; "
                "start the bot, or correct the address registered for it, and try again"
            ) from error
        except TimeoutError as error:
            raise BotError(
                f"bot {bot.name} is too slow: {tried} had no whole answer within {self._total_seconds:g} s; "
                f"{_advice(call)}"
            ) from error
        except httpx.HTTPError as error:
            raise BotError(
                f"bot {bot.name} went away, or does not speak HTTP: {tried} broke off ({_why(error)}); {_advice(call)}"
            ) from error


@asynccontextmanager
async def open_bots(*, connect_seconds: float = 2.0, total_seconds: float = 10.0) -> AsyncGenerator[HttpBots]:
    """Open the way to bots, and close it afterwards.

    A connection must stand within `connect_seconds`, and the whole reply be there within `total_seconds`; the
    `BotError` of a bot that is slower has a `TimeoutError` as its cause.
    """
    async with httpx.AsyncClient(
        timeout=httpx.Timeout(None, connect=connect_seconds, pool=connect_seconds),
        limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=0),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    ) as client:
        yield HttpBots(client, total_seconds=total_seconds)


async def _content(response: httpx.Response) -> bytes | None:
    """Return the reply as it came, or None for one that is too large or compressed, which was not asked for."""
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        return None
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > LARGEST_REPLY:
            return None
    return bytes(content)


def _body(bot: Bot, call: BotCall, status: int, content: bytes) -> Any:
    if not content:
        return None
    try:
        body = json.loads(content)
        # What cannot be written again, such as infinity and half a character, nobody could pass on.
        json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        if status in _ERRORS:
            return {"detail": content[:_LONGEST_TEXT].decode(errors="replace")}
        raise _nonsense(bot, call, "what is no JSON") from None
    return body


def _nonsense(bot: Bot, call: BotCall, what: str) -> BotError:
    return BotError(
        f"bot {bot.name} answered {call.method} {call.path} with {what}; {_advice(call)}, "
        "and whether the address registered for it is the bot's"
    )


def _advice(call: BotCall) -> str:
    if call.writes:
        return "whether it was done is not known: look at the bot's config before trying again"
    return "look whether the bot is well"


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__


def _retry_after(response: httpx.Response) -> int | None:
    text = response.headers.get("Retry-After", "")
    return min(int(text), _LONGEST_PAUSE_SECONDS) if _SECONDS.fullmatch(text) else None
