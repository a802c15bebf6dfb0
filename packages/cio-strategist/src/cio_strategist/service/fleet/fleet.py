"""The fleet: the config operations of all registered bots, and calls to them."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any, TypeVar

import structlog

from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.fleet.bot import Bot, BotApi, BotOperation
from cio_strategist.domain.fleet.call import BotCall, BotReply, make_call, signed
from cio_strategist.domain.fleet.openapi import read_openapi
from cio_strategist.domain.fleet.paths import API, STRATEGIES, Meant, meant_by, nearest
from cio_strategist.domain.fleet.schema import clipped
from cio_strategist.domain.json_shape import json_list, json_map
from cio_strategist.errors import BotError, NotFoundError, RefusedError, UsageError
from cio_strategist.ports import BotClient, Clock
from cio_strategist.service.fleet.last_good import Known, LastGood

_log: structlog.stdlib.BoundLogger = structlog.get_logger()

MOST_BOTS = 32
"""Bots that may be registered."""
MOST_STRATEGIES = 2_000
"""Strategies that one bot may list."""

_NAMED_STRATEGIES = 50
_ALIKE = 0.4
_LIST_STRATEGIES = BotCall("list_strategies", "GET", STRATEGIES)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offer:
    """The config operations that a bot offers, as last read."""

    bot: Bot
    api: BotApi
    age_seconds: float
    """Seconds since it was read."""
    trouble: str | None
    """Why it could not be read again since; None if it could, or need not yet."""


@dataclass(frozen=True, slots=True)
class BotStatus:
    """How things stand with one bot."""

    name: str
    reachable: bool
    """Whether it answered when it was last asked for its operations."""
    operations: int
    """Operations known, from an earlier time while it is away."""
    age_seconds: float | None
    """Seconds since they were read; None if they never were."""
    trouble: str | None
    """What is wrong and what to do about it; None if nothing is."""
    notes: tuple[str, ...] = ()
    """What of it is not offered here, and why."""


@dataclass(frozen=True, slots=True)
class StrategyList:
    """The strategies of all bots."""

    items: Mapping[str, tuple[Mapping[str, Any], ...]]
    """What each bot that could be asked says of its strategies, each with a `strategy_id`."""
    away: Mapping[str, str]
    """Bots that never could be asked, and why."""


class Fleet:
    """Offers the config operations of the registered bots under one roof.

    What a bot offers is read from its OpenAPI document at most once a minute, and kept while it is away. Raises
    `UsageError` for two bots of one name, or too many.
    """

    def __init__(self, bots: Iterable[Bot], client: BotClient, *, clock: Clock) -> None:
        self._bots: dict[str, Bot] = {}
        for bot in bots:
            if bot.name.lower() in {name.lower() for name in self._bots}:
                raise UsageError(f"two bots are registered as {bot.name}: give each a name of its own")
            self._bots[bot.name] = bot
        if len(self._bots) > MOST_BOTS:
            raise UsageError(f"{len(self._bots)} bots are registered, and {MOST_BOTS} are allowed")
        self._client = client
        self._apis = {name: LastGood(partial(self._read_api, bot), clock) for name, bot in self._bots.items()}
        self._lists = {name: LastGood(partial(self._read_list, bot), clock) for name, bot in self._bots.items()}

    @property
    def bots(self) -> tuple[Bot, ...]:
        """The registered bots."""
        return tuple(self._bots.values())

    async def operations(self, bot: str) -> Offer:
        """Return what a bot offers. Raises `NotFoundError`, and `BotError` for a bot that was away ever since."""
        found = self._bot(bot)
        known = await self._apis[bot].get()
        return Offer(found, known.value, known.age_seconds, known.trouble)

    async def offers(self) -> tuple[Offer, ...]:
        """Return what all bots offer, without those that were away ever since. All are asked at once."""
        known = await _each(self._apis)
        return tuple(
            Offer(bot, found.value, found.age_seconds, found.trouble)
            for name, bot in self._bots.items()
            if isinstance(found := known[name], Known)
        )

    async def status(self) -> tuple[BotStatus, ...]:
        """Return how things stand with every bot. All are asked at once; none that is away makes it fail."""
        known = await _each(self._apis)
        return tuple(_status(name, known[name]) for name in self._bots)

    async def call(self, bot: str, operation: str, arguments: Mapping[str, Any], request: ChangeRequest) -> BotReply:
        """Call an operation: path and query arguments by name, and `body`. Author and reason are filled in.

        Needs `config:read` for a GET and `config:write` for everything else. A reply may be a refusal: see
        `BotReply.refused`. Raises `NotFoundError` for an unknown bot or operation, the refusals of
        `Caller.require`, `UsageError` for arguments that do not fit and for a write of an agent without reason and
        thought trace, `RefusedError` for a condition that bots do not know, and `BotError` for a bot that is away.
        """
        offer = await self.operations(bot)
        found = offer.api.operation(operation)
        if found is None:
            raise NotFoundError(_unknown_operation(offer, operation))
        request.caller.require(found.permission)
        _check_request(found, request)
        call = make_call(found, signed(found, arguments, request))
        if not found.writes:
            return await self._client.send(offer.bot, call)
        return await self._write(offer.bot, call, request)

    async def meant(self, bot: str, method: str, path: str) -> Meant:
        """Return the operation that a method and a path below the bot's base URL mean.

        Raises `NotFoundError` naming what comes nearest, and what `operations` raises.
        """
        offer = await self.operations(bot)
        found = meant_by(method, path, offer.api.operations)
        if found is None:
            known = "; ".join(nearest(method, path, offer.api.operations)) or "nothing at all"
            raise NotFoundError(
                f"bot {bot} has no config route {method} {clipped(path, 200)}; the nearest it has: {known}"
            )
        return found

    async def strategies(self) -> StrategyList:
        """Return the strategies that the bots list. All are asked at once; none that is away makes it fail."""
        known = await _each(self._lists)
        items = {name: found.value for name, found in known.items() if isinstance(found, Known)}
        away = {name: str(found) for name, found in known.items() if not isinstance(found, Known)}
        return StrategyList(items, away)

    async def bot_of_strategy(self, strategy_id: str) -> Bot:
        """Return the bot that lists a strategy.

        Raises `NotFoundError` naming the strategies there are, `BotError` if a bot that never could be asked may have
        it, and `RefusedError` if several bots have it.
        """
        listed = await self.strategies()
        ids = {bot: [item["strategy_id"] for item in items] for bot, items in listed.items.items()}
        owners = [bot for bot, known in ids.items() if strategy_id in known]
        if len(owners) == 1:
            return self._bots[owners[0]]
        shown = repr(clipped(strategy_id, 100))
        if owners:
            ways = " or ".join(f"{API}/fleet/{bot}/strategies/…" for bot in owners)
            raise RefusedError(
                f"strategy {shown} belongs to several bots, {', '.join(owners)}: say which, under {ways}"
            )
        if listed.away:
            raise BotError(f"no bot that answers has a strategy {shown}, and {'; '.join(listed.away.values())}")
        raise NotFoundError(f"no bot has a strategy {shown}; {_choices(strategy_id, ids)}")

    def _bot(self, name: str) -> Bot:
        found = self._bots.get(name)
        if found is None:
            registered = ", ".join(self._bots) or "none"
            raise NotFoundError(f"no bot is registered as {clipped(name, 100)!r}; registered: {registered}")
        return found

    async def _write(self, bot: Bot, call: BotCall, request: ChangeRequest) -> BotReply:
        log = _log.bind(
            bot=bot.name,
            operation=call.name,
            method=call.method,
            path=call.path,
            caller=request.caller.name,
            by=request.author,
            reason=request.reason,
            thought_trace=request.thought_trace,
            request_id=request.request_id,
        )
        try:
            reply = await self._client.send(bot, call)
        except BotError as error:
            log.error("bot_write", outcome="unanswered", error=str(error))  # noqa: TRY400  its sentence says it all
            raise
        except asyncio.CancelledError:
            log.warning("bot_write", outcome="abandoned")
            raise
        outcome = "refused" if reply.refused else "accepted"
        log.info("bot_write", outcome=outcome, status=reply.status, error=reply.refusal)
        return reply

    async def _read_api(self, bot: Bot) -> BotApi:
        return read_openapi(bot, await self._client.document(bot))

    async def _read_list(self, bot: Bot) -> tuple[Mapping[str, Any], ...]:
        offer = await self.operations(bot.name)
        if not any(operation.path == STRATEGIES and operation.method == "GET" for operation in offer.api.operations):
            return ()
        reply = await self._client.send(bot, _LIST_STRATEGIES)
        if reply.refused:
            raise BotError(f"bot {bot.name} does not list its strategies ({reply.refusal}): look whether it is well")
        listed = json_list((json_map(reply.body) or {}).get("data"))
        if listed is None or len(listed) > MOST_STRATEGIES:
            raise BotError(
                f"bot {bot.name} lists its strategies in a form that cannot be read: look whether it is well"
            )
        named = [json_map(item) or {"strategy_id": item} for item in listed]
        return tuple(item for item in named if isinstance(item.get("strategy_id"), str))


async def _each(kept: Mapping[str, LastGood[T]]) -> dict[str, Known[T] | BotError]:
    async def ask(one: LastGood[T]) -> Known[T] | BotError:
        try:
            return await one.get()
        except BotError as error:
            return error

    async with asyncio.TaskGroup() as tasks:
        asked = {name: tasks.create_task(ask(one)) for name, one in kept.items()}
    return {name: task.result() for name, task in asked.items()}


def _status(name: str, known: Known[BotApi] | BotError) -> BotStatus:
    if not isinstance(known, Known):
        return BotStatus(name, reachable=False, operations=0, age_seconds=None, trouble=str(known))
    return BotStatus(
        name,
        reachable=known.trouble is None,
        operations=len(known.value.operations),
        age_seconds=known.age_seconds,
        trouble=known.trouble,
        notes=known.value.notes,
    )


def _check_request(operation: BotOperation, request: ChangeRequest) -> None:
    if operation.writes:
        request.check()
    if request.idempotency_key is not None or request.expect_version is not None:
        raise RefusedError(
            "bots know neither idempotency keys nor expected versions, so nothing was sent: leave them out, "
            "and look at the bot's config before sending a change again"
        )


def _unknown_operation(offer: Offer, operation: str) -> str:
    names = [candidate.name for candidate in offer.api.operations]
    alike = get_close_matches(operation, names) or names
    return f"bot {offer.bot.name} has no operation {clipped(operation, 100)!r}; it has {', '.join(alike) or 'none'}"


def _choices(strategy_id: str, ids: Mapping[str, list[str]]) -> str:
    known = sorted({name for names in ids.values() for name in names})
    # Ids in intents differ from the bots' own: blanks, capitals, a symbol at the end.
    alike = get_close_matches(strategy_id.lower().replace(" ", "_"), known, cutoff=_ALIKE)
    if alike:
        return f"do you mean {' or '.join(alike)}?"
    more = f" and {len(known) - _NAMED_STRATEGIES} more" if len(known) > _NAMED_STRATEGIES else ""
    there = f"there are {', '.join(known[:_NAMED_STRATEGIES])}{more}" if known else "no bot lists any"
    return f"{there}; what concerns a whole bot is under {API}/fleet/{{bot}}/"
