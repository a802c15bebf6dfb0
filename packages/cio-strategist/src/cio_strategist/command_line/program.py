"""What all command lines have in common: how they are asked about themselves, and what their help ends with."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Annotated, Any

import typer

from cio_strategist.settings import shown, variables

EXIT_CODES = "Exit codes: 0 done, 1 refused or failed, 2 wrong usage."

LOOK: dict[str, Any] = {
    "pretty_exceptions_enable": False,
    "add_completion": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
"""What every `typer.Typer` is made with."""


def _say_version(context: typer.Context, wanted: bool) -> None:
    if wanted:
        typer.echo(f"{context.info_name} {version('cio-strategist')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version and leave.")
]
"""The option that prints name and version and ends the program."""


def program(purpose: str, *, example: str, environment: Iterable[str] = ()) -> typer.Typer:
    """Return an empty command line that says what it is for, which variables it reads, and how it ends."""
    epilog = f"Example: {example}\n\n{environment_help(environment)}"
    app = typer.Typer(no_args_is_help=True, help=f"{purpose} {EXIT_CODES}", epilog=epilog, **LOOK)

    @app.callback()
    def options(_: Version = False) -> None:  # pyright: ignore[reportUnusedFunction]
        pass

    return app


def environment_help(names: Iterable[str]) -> str:
    """Return what these variables mean and their defaults, each on a line of its own; nothing without any."""
    known = variables()
    defaults = {name: shown(known[name].default) for name in names}
    lines = [
        f"{name}{f' (default {default})' if default else ''}: {known[name].description}"
        for name, default in defaults.items()
    ]
    return "\n\n".join(["Environment:", *lines]) if lines else ""
