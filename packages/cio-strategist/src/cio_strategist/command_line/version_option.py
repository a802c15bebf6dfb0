"""The option `--version`, the same for every command line."""

from importlib.metadata import version
from typing import Annotated

import typer


def offer_version(app: typer.Typer, program: str) -> None:
    """Give a command line the option `--version`, which prints its name and version and ends it."""

    def say(wanted: bool) -> None:
        if wanted:
            typer.echo(f"{program} {version('cio-strategist')}")
            raise typer.Exit

    @app.callback()
    def options(  # pyright: ignore[reportUnusedFunction]
        _: Annotated[bool, typer.Option("--version", callback=say, is_eager=True, help="Show it.")] = False,
    ) -> None:
        pass
