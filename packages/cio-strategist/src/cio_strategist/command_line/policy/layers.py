"""Commands on policy layers: show, resolve, set, unset, clear, init."""

from typing import Annotated

import typer

from cio_strategist.command_line.console import say, say_json, say_table, warn
from cio_strategist.command_line.options import SCOPES, AsJson, By, Reason, ScopeArgument
from cio_strategist.command_line.policy import view
from cio_strategist.command_line.policy.assignment import parse_assignments
from cio_strategist.command_line.policy.outcome import say_enforcement, say_outcome
from cio_strategist.command_line.session import REFUSED, Session, run, say_epoch
from cio_strategist.domain.policy.edit import DeleteConfig, Edit, PatchParameters, SetParameters, UnsetParameters
from cio_strategist.domain.policy.layer_change import field_of, start_policy
from cio_strategist.domain.policy.outcome import Outcome, OutcomeStatus
from cio_strategist.domain.policy.scope_key import parse_scope
from cio_strategist.domain.policy.stored import StoredPolicy, read_layer, scope_order
from cio_strategist.errors import StoreUnreadableError, UsageError
from petrosa_contracts import PolicySnapshot, PolicyUnreadableError, Scope, Side, resolve
from petrosa_contracts.instant import utc_now

layer_commands = typer.Typer()


@layer_commands.command(epilog="Example: cio-policy show symbol:BTCUSDT")
def show(
    scope: Annotated[str | None, typer.Argument(metavar="SCOPE", help=f"Only this one: {SCOPES}")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the layers as they are stored: what each scope itself sets, and who set it when."""

    async def look(work: Session) -> tuple[StoredPolicy, str | None]:
        seen = await work.look()
        wanted = None if scope is None else field_of(seen.stored.layers, scope)
        seen.warn_of_blindness()
        return seen.stored, wanted

    stored, wanted = run(look)
    fields = [field for field in sorted(stored.layers, key=scope_order) if wanted in {None, field}]
    layers = [read_layer(field, stored.layers[field]) for field in fields]
    if as_json:
        say_json(view.layers_json(layers, stored.epoch))
        return
    if layers:
        say_table(view.LAYER_HEADINGS, view.layer_rows(layers))
    else:
        say("no scope sets anything" if wanted is None else f"{wanted} sets nothing")
    say_epoch(stored.epoch)


@layer_commands.command("resolve", epilog="Example: cio-policy resolve --symbol BTCUSDT --side LONG --only-set")
def resolve_(
    symbol: Annotated[str | None, typer.Option(metavar="SYMBOL", help="For orders on this symbol.")] = None,
    strategy: Annotated[str | None, typer.Option(metavar="ID", help="For orders of this strategy.")] = None,
    side: Annotated[Side | None, typer.Option(case_sensitive=False, help="For this direction; needs --symbol.")] = None,
    only_set: Annotated[bool, typer.Option("--only-set", help="Hide what no scope sets.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the values in force for an order, each with the scope and version that set it."""

    async def look(work: Session) -> tuple[StoredPolicy, PolicySnapshot]:
        if side is not None and symbol is None:
            raise UsageError("--side needs --symbol")
        for key in ("symbol", symbol), ("strategy", strategy):
            if key[1] is not None:
                parse_scope(":".join(map(str, key)))
        seen = await work.look()
        seen.warn_of_blindness()
        return seen.stored, _snapshot(seen.stored)

    stored, snapshot = run(look)
    resolved = resolve(snapshot.layers, symbol=symbol, strategy_id=strategy, side=side)
    names = view.resolved_names(resolved, only_set=only_set)
    if snapshot.unknown_parameters:
        warn(f"stored without effect, for the catalogue does not know them: {', '.join(snapshot.unknown_parameters)}")
    if as_json:
        parameters = view.resolved_json(resolved, names)
        asked = {"symbol": symbol and symbol.upper(), "strategy_id": strategy, "side": side}
        say_json({"epoch": stored.epoch, **asked, "parameters": parameters})
    elif names:
        say_table(view.RESOLVED_HEADINGS, view.resolved_rows(resolved, names))
    else:
        say("no scope that applies sets anything: the defaults hold")


@layer_commands.command("set", epilog="Example: cio-policy set symbol:BTCUSDT leverage=5 max_position_size_usd=500")
def set_(
    scope: ScopeArgument,
    assignments: Annotated[
        list[str], typer.Argument(metavar="NAME=VALUE", help="Values as JSON, words bare, lists also as A,B.")
    ],
    replace: Annotated[bool, typer.Option("--replace", help="Make this the whole layer, instead of merging.")] = False,
    by: By = None,
    reason: Reason = None,
    expect_version: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Only if the scope is at version N; 0: only if it never had one."),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what it would do.")] = False,
) -> None:
    """Set parameters of a scope. All are checked against the catalogue first; one error, and nothing is written."""

    async def work_on(work: Session) -> Outcome | None:
        key = parse_scope(scope).key
        parameters = parse_assignments(assignments)
        edit: Edit = SetParameters(parameters=parameters) if replace else PatchParameters(parameters=parameters)
        request = work.request(by=by, reason=reason, expect_version=expect_version)
        if preview:
            say_json((await work.governance.manager.preview(edit, scope=key, request=request)).model_dump(mode="json"))
            return None
        return await work.governance.manager.apply(edit, scope=key, request=request)

    if (outcome := run(work_on)) is not None:
        say_outcome(outcome)


@layer_commands.command(epilog="Example: cio-policy unset symbol:BTCUSDT leverage")
def unset(
    scope: ScopeArgument,
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Parameters to leave to wider scopes.")],
    by: By = None,
    reason: Reason = None,
) -> None:
    """Take parameters out of a scope, so that wider scopes decide again."""

    async def work_on(work: Session) -> Outcome:
        edit = UnsetParameters(names=tuple(names))
        request = work.request(by=by, reason=reason)
        return await work.governance.manager.apply(edit, scope=parse_scope(scope).key, request=request)

    say_outcome(run(work_on))


@layer_commands.command(epilog="Example: cio-policy clear symbol_side:BTCUSDT:LONG")
def clear(
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help=f"{SCOPES}, or the name of an unreadable field.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before clearing global.")] = False,
    by: By = None,
    reason: Reason = None,
) -> None:
    """Remove the whole layer of a scope. That takes a version too: the scope's next layer counts on from it."""
    if scope == Scope.everything().key and not yes:
        typer.confirm("Remove every global value, so that the defaults hold?", abort=True)

    async def work_on(work: Session) -> Outcome:
        request = work.request(by=by, reason=reason)
        return await work.governance.manager.apply(DeleteConfig(), scope=scope, request=request)

    outcome = run(work_on)
    if outcome.status is OutcomeStatus.UNCHANGED:
        say(f"{outcome.scope} sets nothing: nothing written")
    else:
        say_outcome(outcome)


@layer_commands.command(epilog="Example: cio-policy init")
def init() -> None:
    """Make an empty policy a valid one, so that the gate leaves BLIND with the defaults. Safe to repeat."""

    async def work_on(work: Session) -> tuple[bool, int | None, StoredPolicy]:
        governance = work.governance
        if governance.authority is not None:
            await governance.authority.projector.begin()
        committed = await governance.store.commit(start_policy)
        epoch = committed.epoch
        if governance.authority is not None:
            enforcement = await governance.authority.projector.project()
            if not enforcement.enforced:
                warn(enforcement.message)
                raise typer.Exit(REFUSED)
            epoch = enforcement.epoch
        return committed.change.write is None, epoch, await governance.store.read()

    before, epoch, stored = run(work_on)
    say(f"policy is valid since before: epoch {epoch}" if before else f"policy started: epoch {epoch}")
    for field in sorted(stored.layers, key=scope_order):
        if problem := read_layer(field, stored.layers[field]).problem:
            warn(f"the gate will not believe this policy: {problem}; remove it with clear")


@layer_commands.command(epilog="Example: cio-policy rebuild")
def rebuild() -> None:
    """Bring what the gates read up to date with the authority's store, whatever it holds now. Safe to repeat."""

    async def work_on(work: Session) -> None:
        say_enforcement(await work.governance.needed_authority.projector.rebuild())

    run(work_on)


def _snapshot(stored: StoredPolicy) -> PolicySnapshot:
    try:
        return PolicySnapshot.read(stored.epoch or 0, stored.layers, as_of=utc_now())
    except PolicyUnreadableError as error:
        raise StoreUnreadableError(
            f"{error}; the gate keeps the last policy it could read until this is set right or cleared"
        ) from error
