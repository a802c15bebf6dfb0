"""Routes to the bots' own config routes: as the bots have them, by bot or by strategy."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Path, Request, Response

from cio_strategist.domain.access.caller import Caller, Permission
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.fleet.bot import AUTHOR_FIELDS, BODY, REASON_FIELD, THOUGHT_FIELD, Place
from cio_strategist.domain.fleet.call import LONGEST_BODY, BotReply
from cio_strategist.domain.fleet.openapi import METHODS
from cio_strategist.domain.fleet.paths import API, STRATEGIES, Meant
from cio_strategist.domain.json_shape import json_map
from cio_strategist.domain.strict_json import read_json
from cio_strategist.errors import BotError, RefusedError, UsageError
from cio_strategist.gateway.answers import PlainJSON
from cio_strategist.gateway.problems import problem_responses
from cio_strategist.gateway.routes.fleet_views import BotView, FleetView, OfferView, StrategiesView
from cio_strategist.service.fleet.fleet import Fleet

BOT_HEADER = "X-Petrosa-Bot"
"""Names the bot that replied."""
OUTCOME_HEADER = "X-Petrosa-Bot-Outcome"
"""`accepted` or `refused`: the bots answer a refusal with status 200, too."""

_FLEET = f"{API}/fleet"
_OF_BOTS: dict[int | str, dict[str, Any]] = {
    **problem_responses((400, 409, 413, 415, 429)),
    "default": {"description": f"Whatever the bot replied; {BOT_HEADER} names it"},
}


_BotName = Annotated[str, Path(description="Name of a registered bot.", examples=["ta"])]
_StrategyId = Annotated[str, Path(description="Id of a strategy that a bot lists.", examples=["rsi_extreme_reversal"])]
_Below = Annotated[str, Path(description="The rest of the path, as the bot has it.", examples=["config"])]


class Access(Protocol):
    """Who asks, as far as it could be verified."""

    @property
    def caller(self) -> Caller:
        """Whoever looks."""
        ...

    async def writer(self) -> Caller:
        """Return whoever writes, counting the write. Raises what forbids it."""
        ...


def fleet_router(fleet: Fleet, access_of: Callable[..., Awaitable[Access]]) -> APIRouter:
    """Return the routes. `access_of` is a dependency; whatever goes wrong is raised as a `StrategistError`."""
    router = APIRouter(tags=["fleet"], responses=problem_responses((401, 403, 404, 502, 503, 504)))
    who = Depends(access_of)

    @router.get(_FLEET, summary="How things stand with the bots")
    async def fleet_status(access: Annotated[Access, who]) -> FleetView:
        """Say of every registered bot whether it answers and how many config operations of it are known."""
        access.caller.require(Permission.READ)
        return FleetView(bots=tuple(BotView.of(status) for status in await fleet.status()))

    @router.get(f"{_FLEET}/{{bot}}", summary="The config operations of a bot")
    async def bot_operations(bot: _BotName, access: Annotated[Access, who]) -> OfferView:
        """List what a bot offers, with the schemas of the arguments, and as which tool each is offered."""
        access.caller.require(Permission.READ)
        return OfferView.of(await fleet.operations(bot))

    @router.get(STRATEGIES, summary="The strategies of all bots")
    async def list_strategies(access: Annotated[Access, who]) -> StrategiesView:
        """Join the bots' lists of strategies. A bot that is away is named in the metadata."""
        access.caller.require(Permission.READ)
        listed = await fleet.strategies()
        if listed.away and not listed.items:
            raise BotError("; ".join(listed.away.values()))
        data = tuple({**item, "bot": bot} for bot, items in listed.items.items() for item in items)
        return StrategiesView(data=data, metadata={"total_count": len(data), "away": dict(listed.away)})

    async def call_bot(request: Request, bot: _BotName, path: _Below, access: Annotated[Access, who]) -> Response:
        """Pass a request on to a bot, if it is one of its config operations. The reply is the bot's own."""
        below = f"/{path}" if f"/{path}".startswith(f"{API}/") else f"{API}/{path}"
        return await _pass_on(fleet, bot, below, request, access)

    async def call_strategy(
        request: Request, strategy_id: _StrategyId, path: _Below, access: Annotated[Access, who]
    ) -> Response:
        """Pass a request on to the bot that has the strategy. Paths, bodies and replies are the bots' own."""
        access.caller.require(Permission.READ)
        bot = await fleet.bot_of_strategy(strategy_id)
        return await _pass_on(fleet, bot.name, f"{STRATEGIES}/{strategy_id}/{path}", request, access)

    for method in METHODS:
        for template, endpoint, summary in (
            (f"{_FLEET}/{{bot}}/{{path:path}}", call_bot, "Any config operation of a bot"),
            (f"{STRATEGIES}/{{strategy_id}}/{{path:path}}", call_strategy, "Any config operation of a strategy"),
        ):
            router.add_api_route(
                template,
                endpoint,
                methods=[method],
                operation_id=f"{endpoint.__name__}_{method.lower()}",
                summary=summary,
                responses=_OF_BOTS,
            )
    return router


async def _pass_on(fleet: Fleet, bot: str, path: str, request: Request, access: Access) -> Response:
    access.caller.require(Permission.READ)
    meant = await fleet.meant(bot, request.method, path)
    needed = meant.operation.permission
    caller = access.caller if needed is Permission.READ else await access.writer()
    # Before the body is read: nobody unknown may make this process read one.
    caller.require(needed)
    arguments, change = await _read(meant, request, caller)
    return _response(bot, await fleet.call(bot, meant.operation.name, arguments, change))


async def _read(meant: Meant, request: Request, caller: Caller) -> tuple[dict[str, Any], ChangeRequest]:
    operation, query = meant.operation, request.query_params
    body = await _json_body(request) if operation.method != "GET" else None
    said: Mapping[str, Any] = {**query, **(json_map(body) or {})}
    arguments: dict[str, Any] = dict(meant.arguments)
    for parameter in operation.parameters:
        if parameter.place is Place.QUERY and parameter.name in query:
            values = query.getlist(parameter.name)
            arguments[parameter.name] = values if parameter.takes_many else values[-1]
    if operation.body is not None and body is not None:
        fields = json_map(body)
        arguments[BODY] = (
            body if fields is None else {name: value for name, value in fields.items() if name != THOUGHT_FIELD}
        )
    return arguments, _change(request, caller, said)


def _change(request: Request, caller: Caller, said: Mapping[str, Any]) -> ChangeRequest:
    headers = request.headers
    if request.method != "GET" and "If-Match" in headers:
        raise RefusedError("bots do not compare versions, so nothing was sent: leave If-Match out")
    authors = [author for name in AUTHOR_FIELDS if (author := _text(said, name))]
    return ChangeRequest(
        caller=caller,
        reason=_text(said, REASON_FIELD),
        thought_trace=_text(said, THOUGHT_FIELD),
        changed_by=authors[0] if authors else None,
        idempotency_key=headers.get("Idempotency-Key"),
        request_id=getattr(request.state, "request_id", None),
    )


def _text(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    return value if isinstance(value, str) else None


async def _json_body(request: Request) -> Any:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LONGEST_BODY:
            raise UsageError(f"the body is too large: {LONGEST_BODY} bytes are allowed")
    return read_json(bytes(content)) if content.strip() else None


def _response(bot: str, reply: BotReply) -> Response:
    headers = {BOT_HEADER: bot, OUTCOME_HEADER: "refused" if reply.refused else "accepted"}
    if reply.retry_after_seconds is not None:
        headers["Retry-After"] = str(reply.retry_after_seconds)
    if reply.body is None:
        return Response(status_code=reply.status, headers=headers)
    return PlainJSON(reply.body, reply.status, headers)
