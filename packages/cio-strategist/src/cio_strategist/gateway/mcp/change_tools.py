"""Tools that change parameters, and the one that says beforehand what a change would do."""

from typing import Literal

from pydantic import Field

from cio_strategist.domain.access.caller import Permission
from cio_strategist.domain.policy.edit import DeleteConfig, Edit, PatchParameters, SetParameters, UnsetParameters
from cio_strategist.domain.policy.outcome import Outcome, OutcomeStatus, Preview
from cio_strategist.gateway.mcp.arguments import (
    Arguments,
    ExpectVersion,
    ParameterMap,
    ScopeKey,
    WriteArguments,
)
from cio_strategist.gateway.mcp.errors import ArgumentsError
from cio_strategist.gateway.mcp.tool import Call, Effect, GatewayTool, Reply, make_tool
from cio_strategist.gateway.problems import FieldProblem
from petrosa_contracts import CATALOGUE

_NAMES = Field(
    min_length=1,
    max_length=len(CATALOGUE),
    description="Names of the parameters to take out of the scope.",
    examples=[["leverage"]],
)
_VERSION = Field(
    default=None,
    ge=0,
    strict=True,
    description="Bring back this version of the scope; 0 brings back having no config at all.",
)
_AUDIT_ID = Field(
    default=None, max_length=100, description="Bring back the state right after this record of the scope's history."
)
_PREVIOUS = Field(
    default=False, strict=True, description="Bring back the state before the newest change. Twice in a row redoes it."
)


class _Change(WriteArguments):
    scope: ScopeKey
    expect_version: ExpectVersion


class ValuesArguments(_Change):
    """Arguments of `set_config` and `patch_config`."""

    parameters: ParameterMap


class UnsetArguments(_Change):
    """Arguments of `unset_parameters`."""

    names: tuple[str, ...] = _NAMES


class DeleteArguments(_Change):
    """Arguments of `delete_config`."""


class RollbackArguments(_Change):
    """Arguments of `rollback_to_version`."""

    version: int | None = _VERSION
    audit_id: str | None = _AUDIT_ID
    previous: bool = _PREVIOUS


class PreviewArguments(Arguments):
    """Arguments of `preview_change`."""

    scope: ScopeKey
    change: Literal["set", "patch", "unset", "delete", "rollback"] = Field(
        description=(
            "What would be done: `set` and `patch` take `parameters`, `unset` takes `names`, `rollback` takes one of "
            "`version`, `audit_id` and `previous`, `delete` takes nothing."
        )
    )
    parameters: ParameterMap | None = None
    names: tuple[str, ...] | None = Field(
        default=None, min_length=1, max_length=len(CATALOGUE), description="For `unset`: the parameters to take out."
    )
    version: int | None = _VERSION
    audit_id: str | None = _AUDIT_ID
    previous: bool = _PREVIOUS
    expect_version: ExpectVersion
    simulate: bool = Field(
        default=False,
        strict=True,
        description="Try it on the recorded decisions of the last hour as well; `simulate_patch` goes further back.",
    )


_BELONGS = {"set": "parameters", "patch": "parameters", "unset": "names", "delete": None, "rollback": None}
_TARGETS = ("version", "audit_id", "previous")


async def set_config(call: Call, arguments: ValuesArguments) -> Reply:
    """Replace what a scope sets."""
    return await _apply(call, arguments, SetParameters(parameters=arguments.parameters))


async def patch_config(call: Call, arguments: ValuesArguments) -> Reply:
    """Merge into what a scope sets."""
    return await _apply(call, arguments, PatchParameters(parameters=arguments.parameters))


async def unset_parameters(call: Call, arguments: UnsetArguments) -> Reply:
    """Take parameters out of what a scope sets."""
    return await _apply(call, arguments, UnsetParameters(names=arguments.names))


async def delete_config(call: Call, arguments: DeleteArguments) -> Reply:
    """Remove what a scope sets."""
    return await _apply(call, arguments, DeleteConfig())


async def rollback_to_version(call: Call, arguments: RollbackArguments) -> Reply:
    """Bring back an earlier state of a scope."""
    _check_target(arguments)
    outcome = await call.services.manager.rollback(
        scope=arguments.scope,
        request=call.request(arguments, expect_version=arguments.expect_version),
        to_version=arguments.version,
        to_record=arguments.audit_id,
    )
    return _told(outcome)


async def preview_change(call: Call, arguments: PreviewArguments) -> Reply:
    """Say what a change would do."""
    _check_preview(arguments)
    edit = await _edit(call, arguments)
    request = call.request(arguments, expect_version=arguments.expect_version)
    found = await call.services.manager.preview(edit, scope=arguments.scope, request=request)
    if not arguments.simulate:
        return Reply(found, found.message)
    tried = await call.services.decisions.preview(found)
    gist = "" if tried.simulation is None else f"; in the last hour: {tried.simulation.gist}"
    return Reply(tried, f"{tried.message}{gist}")


async def _apply(call: Call, arguments: _Change, edit: Edit) -> Reply:
    request = call.request(arguments, expect_version=arguments.expect_version)
    return _told(await call.services.manager.apply(edit, scope=arguments.scope, request=request))


async def _edit(call: Call, arguments: PreviewArguments) -> Edit:
    match arguments.change:
        case "set":
            return SetParameters(parameters=arguments.parameters or {})
        case "patch":
            return PatchParameters(parameters=arguments.parameters or {})
        case "unset":
            return UnsetParameters(names=arguments.names or ())
        case "delete":
            return DeleteConfig()
        case "rollback":
            return await call.services.manager.rollback_edit(
                scope=arguments.scope, to_version=arguments.version, to_record=arguments.audit_id
            )


def _told(outcome: Outcome) -> Reply:
    parts = [outcome.message]
    if outcome.status is OutcomeStatus.PENDING:
        parts.append("Do not ask again: look at it later with get_proposal.")
    if outcome.replayed:
        parts.append("This is the answer to the earlier call with this idempotency key.")
    if outcome.enforcement is not None:
        parts.append(outcome.enforcement.message)
    if outcome.problem is not None:
        parts.append(f"The gates still do not believe this scope: {outcome.problem}")
    return Reply(outcome, ". ".join(part.rstrip(".") for part in parts))


def _check_preview(arguments: PreviewArguments) -> None:
    wanted = _BELONGS[arguments.change]
    given = {name for name in ("parameters", "names") if getattr(arguments, name) is not None}
    if wanted is not None and wanted not in given:
        message = f"{arguments.change} needs {wanted}"
        raise ArgumentsError([FieldProblem(field=wanted, code="MISSING", message=message)])
    if arguments.change == "rollback":
        _check_target(arguments)
    else:
        given |= set(_targets(arguments))
    if surplus := sorted(given - {wanted}):
        raise ArgumentsError(
            [
                FieldProblem(field=name, code="NOT_TAKEN", message=f"{arguments.change} takes no {name}: leave it out")
                for name in surplus
            ]
        )


def _check_target(arguments: RollbackArguments | PreviewArguments) -> None:
    given = _targets(arguments)
    if len(given) != 1:
        found = " and ".join(given) or "none"
        message = f"exactly one of version, audit_id and previous (true) says what to bring back, and {found} is given"
        raise ArgumentsError([FieldProblem(field="version", code="ONE_OF", message=message)])


def _targets(arguments: RollbackArguments | PreviewArguments) -> list[str]:
    return [name for name in _TARGETS if getattr(arguments, name) not in {None, False} or _is_zero(arguments, name)]


def _is_zero(arguments: RollbackArguments | PreviewArguments, name: str) -> bool:
    return name == "version" and arguments.version == 0


_BUDGETS = """A change that tightens takes effect at once. One that loosens counts against an hourly budget for each
parameter; beyond it nothing changes, the answer has status `pending`, and an operator decides about the proposal."""

CHANGE_TOOLS: tuple[GatewayTool, ...] = (
    make_tool(
        preview_change,
        name="preview_change",
        title="What a change would do",
        description="""Says what a change or rollback would do, writing nothing: which values change for which orders,
        whether it tightens or loosens, where narrower scopes override it, which bound it meets, how much of the
        budget it uses, and whether it would apply at once or wait for an operator. Use it before every change that is
        not an emergency; then make the change with expect_version set to the `version` in the answer.""",
        takes=PreviewArguments,
        returns=Preview,
    ),
    make_tool(
        patch_config,
        name="patch_config",
        title="Change some parameters",
        description=f"""Sets or changes the given parameters of a scope and leaves its others as they are. This is the
        usual way to change policy. {_BUDGETS} Several parameters of one scope belong into one call: it is done whole
        or not at all. Undo with rollback_to_version.""",
        takes=ValuesArguments,
        returns=Outcome,
        needs=Permission.WRITE,
        effect=Effect.OVERWRITES,
        full=True,
    ),
    make_tool(
        set_config,
        name="set_config",
        title="Replace all parameters of a scope",
        description=f"""Makes the given parameters everything that the scope sets: parameters left out fall back to
        wider scopes, which may loosen them. Use patch_config unless the whole set is meant. {_BUDGETS}""",
        takes=ValuesArguments,
        returns=Outcome,
        needs=Permission.WRITE,
        effect=Effect.OVERWRITES,
        full=True,
    ),
    make_tool(
        unset_parameters,
        name="unset_parameters",
        title="Take parameters out of a scope",
        description=f"""Takes parameters out of what a scope sets, so that wider scopes decide about them again.
        Parameters that it does not set are no error. {_BUDGETS}""",
        takes=UnsetArguments,
        returns=Outcome,
        needs=Permission.WRITE,
        effect=Effect.OVERWRITES,
    ),
    make_tool(
        delete_config,
        name="delete_config",
        title="Remove a scope's config",
        description=f"""Removes everything that a scope sets, so that wider scopes and the defaults decide again. It
        takes a new version and can be undone with rollback_to_version. {_BUDGETS}""",
        takes=DeleteArguments,
        returns=Outcome,
        needs=Permission.WRITE,
        effect=Effect.OVERWRITES,
    ),
    make_tool(
        rollback_to_version,
        name="rollback_to_version",
        title="Bring back an earlier state",
        description="""Brings back an earlier state of a scope in one step, exactly as it was: a version, the state
        after an audit record, or (previous: true) the state before the newest change. Give exactly one of the three.
        Use it as soon as a change turns out wrong. It is a new version itself, so it can be undone likewise. An
        operator's rollback always takes effect at once; an agent's that loosens counts against the budget.""",
        takes=RollbackArguments,
        returns=Outcome,
        needs=Permission.WRITE,
        effect=Effect.DECIDES,
    ),
)
"""Tools that change parameters."""
