"""The `devstack` command."""

import json
import shlex
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from devstack.errors import DevstackError
from devstack.foreground import run, sigterm_as_interrupt, wait_for_a_death
from devstack.stack import DevStack

FAILED = 1
WRONG_USAGE = 2
SERVERS = ("nats", "redis", "mongo", "exchange")

app = typer.Typer(
    help="Real NATS, Redis, a MongoDB-wire server and a local exchange on free loopback ports, for demos and tests.",
    epilog="Example: devstack up --exchange -- bash\n\nExit codes: 0 done, 1 refused or failed, 2 wrong usage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"devstack {version('devstack')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Offer what goes without a command."""


@app.command(
    context_settings={"allow_interspersed_args": False},
    epilog=(
        "Examples:\n\ndevstack up --no-mongo --exchange\n\ndevstack up -- python my_bot.py\n\n"
        "devstack up --json > stack.json"
    ),
)
def up(
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- COMMAND...]",
            help="A command to run with the variables set; its exit code becomes ours.",
            show_default=False,
        ),
    ] = None,
    *,
    nats: Annotated[bool, typer.Option(help="Start NATS with JetStream.")] = True,
    redis: Annotated[bool, typer.Option(help="Start Redis.")] = True,
    mongo: Annotated[bool, typer.Option(help="Start the MongoDB-wire server.")] = True,
    exchange: Annotated[bool, typer.Option("--exchange", help="Start the local exchange (USD-M futures).")] = False,
    exchange_seed: Annotated[int, typer.Option(help="What the exchange's market is drawn from.")] = 1,
    market_stream: Annotated[
        bool, typer.Option("--market-stream", help="Publish the exchange's market on NATS, as the fleet does.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON instead of export lines.")] = False,
) -> None:
    """Start the servers, and stay until Ctrl-C or SIGTERM, or until COMMAND has ended.

    Prints NATS_URL, REDIS_URL, MONGODB_URI and EXCHANGE_URL as `export` lines; a COMMAND finds them set instead.

    The servers and their data are gone afterwards, also when devstack is killed.
    """
    if not (nats or redis or mongo or exchange):
        raise typer.BadParameter("nothing to start: leave at least one of --nats, --redis, --mongo and --exchange")
    if market_stream and not (nats and exchange):
        raise typer.BadParameter("--market-stream needs --nats and --exchange")
    if command and as_json:
        raise typer.BadParameter("--json prints addresses, which a COMMAND finds in its environment: choose one")
    if command and shutil.which(command[0]) is None:
        raise typer.BadParameter(f"there is no command {command[0]!r}")
    try:
        chosen = DevStack(
            nats=nats,
            redis=redis,
            mongo=mongo,
            exchange=exchange,
            exchange_seed=exchange_seed,
            market_stream=market_stream,
        )
        with _interruptible(), chosen as stack:
            code = _run(stack, command) if command else _stay(stack, as_json=as_json)
    except DevstackError as error:
        raise _failed(error) from error
    raise typer.Exit(code)


@app.command(epilog="Example: devstack check")
def check() -> None:
    """Start each server by itself, report its version and how long it took, and stop it; exit 1 if any failed."""
    table = Table("server", "version", "start (ms)", "state")
    failures: list[DevstackError] = []
    with _interruptible():
        for name in SERVERS:
            try:
                with _only(name) as stack:
                    (server,) = stack.servers
                    table.add_row(name, server.version, f"{(server.start_seconds or 0) * 1000:.0f}", "answers")
            except DevstackError as error:
                failures.append(error)
                table.add_row(name, "-", "-", "failed")
    Console().print(table)
    for error in failures:
        _complain(error)
    raise typer.Exit(FAILED if failures else 0)


def _only(name: str) -> DevStack:
    return DevStack(nats=name == "nats", redis=name == "redis", mongo=name == "mongo", exchange=name == "exchange")


@contextmanager
def _interruptible() -> Generator[None]:
    try:
        with sigterm_as_interrupt():
            yield
    except KeyboardInterrupt as error:
        typer.echo("devstack: interrupted", err=True)
        raise typer.Exit(FAILED) from error


def _run(stack: DevStack, command: list[str]) -> int:
    _show(stack)
    try:
        return run(command, stack.environment())
    except OSError as error:
        typer.echo(f"devstack: {command[0]} cannot be run: {error}", err=True)
        return FAILED


def _stay(stack: DevStack, *, as_json: bool) -> int:
    try:
        if as_json:
            typer.echo(json.dumps(_describe(stack)))
        else:
            typer.echo("\n".join(f"export {name}={shlex.quote(value)}" for name, value in stack.environment().items()))
        _show(stack)
        dead = wait_for_a_death(stack)
    except KeyboardInterrupt:
        return 0
    typer.echo(f"devstack: {dead.name} has ended by itself. The end of its log:\n{dead.log_tail()}", err=True)
    return FAILED


def _describe(stack: DevStack) -> dict[str, object]:
    servers = {
        server.name: {
            "url": server.url,
            "port": server.port,
            "pid": server.pid,
            "version": server.version,
            "log": str(server.log_path),
        }
        for server in stack.servers
    }
    return {"environment": stack.environment(), "folder": str(stack.folder), "servers": servers}


def _show(stack: DevStack) -> None:
    console = Console(stderr=True)
    if not console.is_terminal:
        return
    table = Table("server", "version", "address", "process")
    for server in stack.servers:
        table.add_row(server.name, server.version, server.url, str(server.pid))
    console.print(table)
    console.print(f"Data and logs until then: {stack.folder}", soft_wrap=True)


def _failed(error: DevstackError) -> typer.Exit:
    _complain(error)
    return typer.Exit(FAILED)


def _complain(error: DevstackError) -> None:
    for sentence in (str(error), *getattr(error, "__notes__", ())):
        typer.echo(f"devstack: {sentence}", err=True)
