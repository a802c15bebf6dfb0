"""`cio-strategist`: the process that owns policy, opens its doors, and knows the market."""

import asyncio
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from cio_strategist.command_line.program import LOOK, Version
from cio_strategist.command_line.session import REFUSED, reporting
from cio_strategist.command_line.settings_command import settings_command
from cio_strategist.errors import UsageError
from cio_strategist.roles.role import PURPOSES, Role
from cio_strategist.settings import Settings, shown, variables

_HELP = "\n\n".join(
    (
        (
            "The owner of risk policy, and what else gates need to know. Without a command it does what its roles say "
            "until SIGTERM; the role is gateway if none is given. A role that fails ends the process."
        ),
        "\b\nRoles:\n" + "\n".join(f"  {role}\n      {purpose}" for role, purpose in PURPOSES.items()),
        "\b\nSettings (environment):\n"
        + "\n".join(
            f"  {name} [{shown(field.default)}]\n      {field.description}" for name, field in variables().items()
        ),
        "\b\nExample:\n  MONGODB_URI=mongodb://127.0.0.1:27017/ REDIS_URL=redis://127.0.0.1:6379/0 cio-strategist",
        "Exit codes: 0 stopped when told to, 1 failed, 2 wrong usage.",
    )
)

app = typer.Typer(rich_markup_mode=None, help=_HELP, **LOOK)
app.add_typer(settings_command("cio-strategist"))


@app.callback(invoke_without_command=True, help=_HELP)
def run(
    context: typer.Context,
    roles: Annotated[
        str, typer.Option("--roles", metavar="ROLE,…", help=f"What this process does: any of {', '.join(Role)}.")
    ] = Role.GATEWAY,
    _: Version = False,
) -> None:
    """Serve until SIGTERM or SIGINT."""
    if context.invoked_subcommand is not None:
        return
    with reporting():
        chosen = _roles(roles)
        settings = _authority_settings() if Role.GATEWAY in chosen else Settings.load()
        _serve(settings, chosen)


@app.command(epilog="Example: STRATEGIST_TOKEN=… cio-strategist mcp")
def mcp() -> None:
    """Serve the MCP tools on standard input and output, for whom STRATEGIST_TOKEN speaks. Logs go to standard error."""
    with reporting():
        settings = _authority_settings()
        _serve_stdio(settings)


def main() -> None:
    """Run the command line."""
    app(prog_name="cio-strategist")


def _roles(text: str) -> tuple[Role, ...]:
    names = [part.strip() for part in text.split(",")]
    for name in names:
        if name not in set(Role):
            raise UsageError(f"{name!r} is not a role: choose of {', '.join(Role)}")
    return tuple(dict.fromkeys(map(Role, names)))


def _serve(settings: Settings, roles: Sequence[Role]) -> None:
    import uvloop

    from cio_strategist.adapters import log
    from cio_strategist.serving import opener_of, serve

    log.configure(settings.log_level, sys.stdout)
    with _address_in_use(settings):
        uvloop.run(serve(settings, [opener_of(role) for role in roles]))


def _serve_stdio(settings: Settings) -> None:
    from cio_strategist.adapters import log
    from cio_strategist.serving import serve_stdio

    log.configure(settings.log_level, sys.stderr)
    asyncio.run(serve_stdio(settings))


def _authority_settings() -> Settings:
    settings = Settings.load()
    if settings.mongodb_uri is None:
        raise UsageError("MONGODB_URI is not set: the authority keeps policy and its history in MongoDB")
    return settings


@contextmanager
def _address_in_use(settings: Settings) -> Generator[None]:
    try:
        yield
    except OSError as error:
        address = f"{settings.http_host}:{settings.http_port}"
        typer.echo(f"cio-strategist: cannot serve on {address}: {error}. Set STRATEGIST_HTTP_PORT.", err=True)
        raise typer.Exit(REFUSED) from error


if __name__ == "__main__":
    main()
