"""`cio-primal`: the hard ceilings, their signatures, and what a change of them means."""

from cio_strategist.command_line.primal_commands import primal_commands
from cio_strategist.command_line.program import program

app = program(
    "Primal limits: the hard ceilings that no running process can change. They are one file in the repository, "
    "signed by at least two approvers with OpenSSH. Works on files alone: no settings, no store, no network.",
    example="cio-primal verify",
)
app.add_typer(primal_commands)


def main() -> None:
    """Run the command line."""
    app(prog_name="cio-primal")
