"""`cio-strategist`: the process that will run the strategist's roles."""

from importlib.metadata import version
from typing import Annotated

import typer

_NO_ROLE = (
    "no role of cio-strategist is available in this version yet, so there is nothing to run; "
    "policy and control are operated with cio-policy"
)

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cio-strategist {version('cio-strategist')}")
        raise typer.Exit


@app.command()
def run(
    _: Annotated[bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Run the strategist. No role is available in this version yet: it says so and exits with 2."""
    typer.echo(_NO_ROLE, err=True)
    raise typer.Exit(2)


def main() -> None:
    """Run the command line."""
    app(prog_name="cio-strategist")


if __name__ == "__main__":
    main()
