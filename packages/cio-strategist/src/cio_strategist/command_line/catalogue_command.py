"""The command that documents the parameters."""

from typing import Annotated

import typer

from cio_strategist.command_line.console import say_entries, say_table
from cio_strategist.command_line.policy import view
from cio_strategist.command_line.session import reporting
from cio_strategist.errors import UsageError
from petrosa_contracts import CATALOGUE, validate_patch
from petrosa_contracts.parameters import render_markdown

catalogue_command = typer.Typer()


@catalogue_command.command(epilog="Example: cio-policy catalogue max_position_size_usd")
def catalogue(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only this parameter, in full.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="The whole catalogue as a Markdown page.")] = False,
) -> None:
    """List the parameters, or say everything about one."""
    with reporting():
        if markdown and name is not None:
            raise UsageError("--markdown prints the whole catalogue: leave NAME out")
        if name is not None and name not in CATALOGUE:
            (error,) = validate_patch({name: None})
            raise UsageError(f"{error.message} (cio-policy catalogue lists all)")
    if markdown:
        typer.echo(render_markdown(), nl=False)
    elif name is None:
        say_table(view.CATALOGUE_HEADINGS, view.catalogue_rows(CATALOGUE))
    else:
        say_entries(name, view.parameter_entries(CATALOGUE[name]))
