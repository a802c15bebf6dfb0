"""`cio-primal`: the hard ceilings, their signatures, and what a change of them means."""

import typer

from cio_strategist.command_line.primal_commands import primal_commands
from cio_strategist.command_line.version_option import offer_version

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Primal limits: the hard ceilings that no running process can change. They are one file in the repository, "
    "signed by at least two approvers with OpenSSH. Works on files alone: no settings, no store, no network. "
    "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.",
)
app.add_typer(primal_commands)
offer_version(app, "cio-primal")


def main() -> None:
    """Run the command line."""
    app(prog_name="cio-primal")
