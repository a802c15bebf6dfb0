"""Commands on policy layers: show, resolve, set, unset, clear, init."""

from functools import partial
from typing import Annotated

import typer

from cio_strategist.command_line import view
from cio_strategist.command_line.console import say, say_json, say_table, warn
from cio_strategist.command_line.options import SCOPES, AsJson, By, ScopeArgument
from cio_strategist.command_line.session import BLIND, say_epoch, say_if_first, session
from cio_strategist.domain.assignment import parse_assignments
from cio_strategist.domain.layer_change import (
    LayerChange,
    clear_layer,
    field_of,
    set_parameters,
    start_policy,
    unset_parameters,
)
from cio_strategist.domain.stored import StoredPolicy, explain, read_layer, scope_order
from cio_strategist.errors import StoreUnreadableError, UsageError
from petrosa_contracts import CATALOGUE, PolicySnapshot, PolicyUnreadableError, Scope, ScopeError, Side, resolve
from petrosa_contracts.instant import utc_now

layer_commands = typer.Typer()


@layer_commands.command(epilog="Example: cio-policy show symbol:BTCUSDT")
def show(
    scope: Annotated[str | None, typer.Argument(metavar="SCOPE", help=f"Only this one: {SCOPES}")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the layers as they are stored: what each scope itself sets, and who set it when."""
    with session() as work:
        stored = work.store.read()
        wanted = None if scope is None else field_of(stored.layers, scope)
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
    symbol: Annotated[str | None, typer.Option(metavar="S", help="For orders on this symbol.")] = None,
    strategy: Annotated[str | None, typer.Option(metavar="ID", help="For orders of this strategy.")] = None,
    side: Annotated[Side | None, typer.Option(case_sensitive=False, help="For this direction; needs --symbol.")] = None,
    only_set: Annotated[bool, typer.Option("--only-set", help="Hide what no scope sets.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the values in force for an order, each with the scope and version that set it."""
    with session() as work:
        if side is not None and symbol is None:
            raise UsageError("--side needs --symbol")
        keys = [_scope(f"symbol:{symbol}")] if symbol is not None else []
        keys += [_scope(f"strategy:{strategy}")] if strategy is not None else []
        stored = work.store.read()
        snapshot = _snapshot(stored)
    resolved = resolve(snapshot.layers, symbol=symbol, strategy_id=strategy, side=side)
    names = view.resolved_names(resolved, only_set=only_set)
    if stored.epoch is None:
        warn(BLIND)
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
    expect_version: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Only if the layer is at version N; 0: only if there is none."),
    ] = None,
) -> None:
    """Set parameters of a scope. All are checked against the catalogue first; one error, and nothing is written."""
    with session() as work:
        decide = partial(
            set_parameters,
            scope=_scope(scope),
            patch=parse_assignments(assignments),
            replace=replace,
            by=work.author(by),
            now=utc_now(),
            expect_version=expect_version,
        )
        change, epoch = work.store.commit(decide)
    _say_change(change, epoch)
    if change.write is not None:
        say_if_first(epoch)


@layer_commands.command(epilog="Example: cio-policy unset symbol:BTCUSDT leverage")
def unset(
    scope: ScopeArgument,
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Parameters to leave to wider scopes.")],
    by: By = None,
) -> None:
    """Take parameters out of a scope, so that wider scopes decide again."""
    with session() as work:
        decide = partial(unset_parameters, scope=_scope(scope), names=names, by=work.author(by), now=utc_now())
        change, epoch = work.store.commit(decide)
    for name in names:
        if name not in CATALOGUE and all(difference.name != name for difference in change.differences):
            warn(f"{name}: the catalogue has no such parameter")
    _say_change(change, epoch)


@layer_commands.command(epilog="Example: cio-policy clear symbol_side:BTCUSDT:LONG")
def clear(
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help=f"{SCOPES}, or the name of an unreadable field.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before clearing global.")] = False,
) -> None:
    """Remove the whole layer of a scope. Its version is remembered: the next layer counts on from it."""
    with session() as work:
        if scope == Scope.everything().key and not yes:
            typer.confirm("Remove every global value, so that the defaults hold?", abort=True)
        change, epoch = work.store.commit(partial(clear_layer, name=scope))
    if change.write is None:
        say(f"{change.scope} sets nothing: nothing written")
        return
    say(f"{change.scope} cleared" + (f"; its last version was {change.version}" if change.version else ""))
    for difference in change.differences:
        say(view.difference_line(difference))
    say_epoch(epoch)


@layer_commands.command(epilog="Example: cio-policy init")
def init() -> None:
    """Make an empty policy a valid one, so that the gate leaves BLIND with the defaults. Safe to repeat."""
    with session() as work:
        change, epoch = work.store.commit(start_policy)
        stored = work.store.read()
    say(f"policy is valid since before: epoch {epoch}" if change.write is None else f"policy started: epoch {epoch}")
    for field in sorted(stored.layers, key=scope_order):
        if problem := read_layer(field, stored.layers[field]).problem:
            warn(f"the gate will not believe this policy: {problem}; remove it with clear")


def _scope(text: str) -> Scope:
    try:
        return Scope.parse(text)
    except ScopeError as error:
        raise UsageError(str(error)) from error


def _snapshot(stored: StoredPolicy) -> PolicySnapshot:
    try:
        return PolicySnapshot.read(stored.epoch or 0, stored.layers, as_of=utc_now())
    except PolicyUnreadableError as error:
        raise StoreUnreadableError(
            f"{explain(error)}; the gate keeps the last policy it could read until this is set right or cleared"
        ) from error


def _say_change(change: LayerChange, epoch: int | None) -> None:
    if change.write is None:
        say(f"{change.scope} says so already: nothing written (version {change.version}, epoch {epoch})")
    else:
        say(change.scope)
        for difference in change.differences:
            say(view.difference_line(difference))
        say(f"version {change.version}, epoch {epoch}")
    if change.problem is not None:
        warn(f"the gate will still not believe it: {change.problem}")
