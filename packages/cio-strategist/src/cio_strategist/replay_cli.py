"""`cio-replay`: recorded decisions made again, under their own policy or a proposed one."""

import typer

from cio_strategist.command_line.program import LOOK, environment_help
from cio_strategist.command_line.replay_command import replay

app = typer.Typer(**LOOK)
app.command(
    no_args_is_help=True,
    epilog="Examples: cio-replay 4f1c2b9d8e7a4c55a0d1b2c3d4e5f607, cio-replay --since 24h --policy patch.json. "
    "Exit codes: 0 done and reproduced; 1 failed, decided differently, or the one decision cannot be made again; "
    "2 wrong usage.\n\n"
    f"{environment_help(('MONGODB_URI', 'MONGODB_DATABASE', 'STRATEGIST_SECRETS_DIR'))}",
)(replay)


def main() -> None:
    """Run the command line."""
    app(prog_name="cio-replay")
