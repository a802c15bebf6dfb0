"""Tools that look at what is set, what holds, and what was changed."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from cio_strategist.domain.policy.audit import AuditRecord, HistoryFilter, Subject
from cio_strategist.domain.policy.views import LayerView, ResolvedView
from cio_strategist.errors import NotFoundError
from cio_strategist.gateway.mcp.answers import ConfigList
from cio_strategist.gateway.mcp.arguments import Arguments, ScopeArguments, ScopeKey, SideName, StrategyId, Symbol
from cio_strategist.gateway.mcp.catalogue_tools import NoArguments
from cio_strategist.gateway.mcp.tool import Call, GatewayTool, Reply, make_tool
from cio_strategist.gateway.paging import HistoryPage, page_of
from cio_strategist.gateway.routes.policy import limits_of
from petrosa_contracts import Side

MOST_RECORDS = 200
"""Records of the trail in one page at most."""


class ResolvedArguments(Arguments):
    """Arguments of `get_resolved_config`."""

    symbol: Symbol
    strategy_id: StrategyId
    side: SideName


class HistoryArguments(Arguments):
    """Arguments of `get_history`."""

    scope: Annotated[ScopeKey | None, Field(default=None)]
    symbol: Symbol
    strategy_id: StrategyId
    side: SideName
    subject: Literal["config", "control", "refusal", "latch"] | None = Field(
        default=None,
        description="Only changes of parameters, of control, attempts beyond the primal limits, or latches of the "
        "portfolio that were cleared; null: all of them.",
    )
    since: AwareDatetime | None = Field(default=None, description="Only changes from then on, with time zone.")
    cursor: str | None = Field(default=None, max_length=32, description="For older ones: `next` of the page before.")
    limit: int = Field(default=20, ge=1, le=MOST_RECORDS, strict=True, description="Records wanted.")


class RecordArguments(Arguments):
    """Arguments of `get_audit_record`."""

    audit_id: str = Field(min_length=1, max_length=100, description="Id as in the history, or in a change's answer.")


async def list_configs(call: Call, _arguments: NoArguments) -> Reply:
    """Return every scope that sets something."""
    found = await call.services.reader.layers()
    named = ", ".join(f"{layer.scope} (version {layer.version})" for layer in found) or "none: the defaults hold"
    return Reply(ConfigList(configs=found), f"scopes that set something: {named}")


async def get_config(call: Call, arguments: ScopeArguments) -> Reply:
    """Return what one scope sets."""
    layer = await call.services.reader.layer(arguments.scope)
    what = f"sets {', '.join(layer.parameters) or 'nothing'}" if layer.exists else "has no config"
    return Reply(layer, f"{layer.scope} is at version {layer.version} and {what}")


async def get_resolved_config(call: Call, arguments: ResolvedArguments) -> Reply:
    """Return what holds for an order."""
    found = await _resolved(call, arguments)
    return Reply(found, f"resolved from defaults, then {_scopes(found)}")


async def get_limits(call: Call, arguments: ResolvedArguments) -> Reply:
    """Return the parameters that bound risk."""
    found = limits_of(await _resolved(call, arguments))
    return Reply(found, f"{len(found.parameters)} limits, from defaults, then {_scopes(found)}")


async def get_history(call: Call, arguments: HistoryArguments) -> Reply:
    """Return a page of the trail."""
    wanted = HistoryFilter(
        scope=arguments.scope,
        symbol=None if arguments.symbol is None else arguments.symbol.upper(),
        side=arguments.side,
        strategy_id=arguments.strategy_id,
        subject=None if arguments.subject is None else Subject(arguments.subject),
        since=arguments.since,
    )
    page = await page_of(call.services.reader, wanted, limit=arguments.limit, cursor=arguments.cursor)
    more = "" if page.next is None else "; there are older ones"
    return Reply(page, f"{len(page.records)} changes, newest first{more}" if page.records else "no change fits")


async def get_audit_record(call: Call, arguments: RecordArguments) -> Reply:
    """Return one record of the trail."""
    record = await call.services.reader.record(arguments.audit_id)
    if record is None:
        raise NotFoundError(f"there is no audit record {arguments.audit_id!r}: look at the history")
    return Reply(record, f"{record.edit} of {record.scope} by {record.changed_by} at {record.at:%Y-%m-%d %H:%M:%S}Z")


async def _resolved(call: Call, arguments: ResolvedArguments) -> ResolvedView:
    side = None if arguments.side is None else Side(arguments.side)
    return await call.services.reader.resolved(symbol=arguments.symbol, strategy_id=arguments.strategy_id, side=side)


def _scopes(found: ResolvedView) -> str:
    return ", then ".join(found.scopes) or "nothing else"


READING_TOOLS: tuple[GatewayTool, ...] = (
    make_tool(
        list_configs,
        name="list_configs",
        title="Scopes that set something",
        description="""Lists every scope that sets parameters, with what it sets and its version. Start here to see
        how policy deviates from the defaults.""",
        takes=NoArguments,
        returns=ConfigList,
    ),
    make_tool(
        get_config,
        name="get_config",
        title="What a scope sets",
        description="""Returns what one scope itself sets, and its version for expect_version. A scope without config
        is an answer too. What wider scopes contribute is not in it: for what orders meet, use get_resolved_config.""",
        takes=ScopeArguments,
        returns=LayerView,
    ),
    make_tool(
        get_resolved_config,
        name="get_resolved_config",
        title="What holds for an order",
        description="""Returns every parameter as an order of this symbol, strategy and side meets it, each with the
        scope and version that set it. Leave out what does not matter; with nothing given, what holds everywhere else.
        A side needs a symbol.""",
        takes=ResolvedArguments,
        returns=ResolvedView,
    ),
    make_tool(
        get_limits,
        name="get_limits",
        title="Limits in force",
        description="""Returns the parameters that bound risk, without those that are neither riskier nor safer, as an
        order of this symbol, strategy and side meets them, each with the scope that set it. To change one, use
        patch_config.""",
        takes=ResolvedArguments,
        returns=ResolvedView,
    ),
    make_tool(
        get_history,
        name="get_history",
        title="History of changes",
        description="""Returns changes of parameters and of control, newest first, each with full state before and
        after, author, reason and thought trace. Filter by scope, or by symbol, strategy and side. Versions and ids
        found here are what rollback_to_version takes.""",
        takes=HistoryArguments,
        returns=HistoryPage,
    ),
    make_tool(
        get_audit_record,
        name="get_audit_record",
        title="One change",
        description="Returns one record of the history by its id, such as the `audit_id` in the answer to a change.",
        takes=RecordArguments,
        returns=AuditRecord,
    ),
)
"""Tools that look."""
