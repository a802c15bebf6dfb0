"""What models can read without calling a tool: the catalogue, resolved config with provenance, and histories."""

import json
from collections.abc import Sequence
from urllib.parse import quote, unquote

from mcp.types import Resource, ResourceTemplate, TextResourceContents

from cio_strategist.domain.policy.audit import HistoryFilter
from cio_strategist.domain.policy.scope_key import parse_scope
from cio_strategist.errors import NotFoundError, StrategistError, UsageError
from cio_strategist.gateway.mcp.arguments import scope_meant
from cio_strategist.gateway.routes.policy import parameter_view
from cio_strategist.gateway.services import Services
from cio_strategist.service.policy.reading import PolicyReader
from petrosa_contracts import CATALOGUE, Scope

PARAMETERS = "cio://parameters"
CONFIG = "cio://config"
HISTORY = "cio://history"
PRIMAL = "cio://primal"
RECORDS = 50
"""Records in a history resource."""

_JSON = "application/json"

TEMPLATES: tuple[ResourceTemplate, ...] = (
    ResourceTemplate(
        name="parameter",
        title="One parameter",
        uri_template=f"{PARAMETERS}/{{name}}",
        description="Everything known about one trading parameter, with a worked example.",
        mime_type=_JSON,
    ),
    ResourceTemplate(
        name="config",
        title="Resolved config of a scope",
        uri_template=f"{CONFIG}/{{scope}}",
        description="Every parameter as orders of a scope meet it, with the scope and version that set it. A scope is "
        "global, symbol:BTCUSDT, strategy:momentum_v1 or symbol_side:BTCUSDT:LONG; blanks are written %20.",
        mime_type=_JSON,
    ),
    ResourceTemplate(
        name="history",
        title="History of a scope",
        uri_template=f"{HISTORY}/{{scope}}",
        description=f"The newest {RECORDS} changes of a scope, each with its state before and after, author, reason "
        "and thought trace.",
        mime_type=_JSON,
    ),
)
"""Resources with a name in their address."""


async def list_resources(reader: PolicyReader) -> list[Resource]:
    """Return what can be read: the catalogue, the hard ceilings, the global config, and whatever scopes set."""
    try:
        scopes = [layer.scope for layer in await reader.layers() if _is_scope(layer.scope)]
    except StrategistError:
        scopes = []  # which scopes there are cannot be told now; a read says why
    named = ["global", *(scope for scope in scopes if scope != "global")]
    return [
        Resource(
            name="parameters",
            title="Catalogue of parameters",
            uri=PARAMETERS,
            description="Every trading parameter with its unit, bounds, default, impact, when to change it, and risk.",
            mime_type=_JSON,
        ),
        Resource(
            name="primal limits",
            title="Hard ceilings",
            uri=PRIMAL,
            description="The limits that nothing set here can exceed, and the parameters that each bounds.",
            mime_type=_JSON,
        ),
        *(
            Resource(
                name=f"parameter {name}",
                uri=f"{PARAMETERS}/{name}",
                description=parameter.description.partition(". ")[0].rstrip(".") + ".",
                mime_type=_JSON,
            )
            for name, parameter in CATALOGUE.items()
        ),
        *(
            Resource(
                name=f"config {scope}",
                uri=f"{CONFIG}/{quote(scope, safe=':')}",
                description=f"What holds for orders of {scope}, with provenance.",
                mime_type=_JSON,
            )
            for scope in named
        ),
        *(
            Resource(
                name=f"history {scope}",
                uri=f"{HISTORY}/{quote(scope, safe=':')}",
                description=f"The newest changes of {scope}.",
                mime_type=_JSON,
            )
            for scope in named
        ),
    ]


async def read_resource(services: Services, uri: str) -> Sequence[TextResourceContents]:
    """Return the content of a resource. Raises `NotFoundError`, `UsageError` for no scope, and what reading raises."""
    return [TextResourceContents(uri=uri, mime_type=_JSON, text=await _text(services, uri))]


async def _text(services: Services, uri: str) -> str:
    reader = services.reader
    if uri == PRIMAL:
        return services.primal.view().model_dump_json()
    if uri == PARAMETERS:
        return json.dumps({name: _facts(name) for name in CATALOGUE})
    root, _, encoded = uri.rpartition("/")
    name = unquote(encoded)
    if root == PARAMETERS and name in CATALOGUE:
        return json.dumps(_facts(name))
    if root == CONFIG:
        scope = _scope(name)
        found = await reader.resolved(symbol=scope.symbol, strategy_id=scope.strategy_id, side=scope.side)
        return found.model_dump_json()
    if root == HISTORY:
        records = await reader.history(HistoryFilter(scope=_scope(name).key), limit=RECORDS)
        return json.dumps([record.model_dump(mode="json") for record in records])
    known = ", ".join([PARAMETERS, PRIMAL, *(template.uri_template for template in TEMPLATES)])
    raise NotFoundError(f"there is no resource {uri[:200]!r}; there are {known}")


def _facts(name: str) -> object:
    return parameter_view(CATALOGUE[name]).model_dump(mode="json")


def _scope(name: str) -> Scope:
    try:
        return parse_scope(name)
    except UsageError as error:
        meant = scope_meant(name)
        hint = "" if meant is None else f"; do you mean {meant}?"
        raise UsageError(f"{error}{hint}") from error


def _is_scope(name: str) -> bool:
    try:
        parse_scope(name)
    except UsageError:
        return False
    return True
