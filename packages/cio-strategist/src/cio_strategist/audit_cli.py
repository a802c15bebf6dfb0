"""`cio-audit`: what was recorded, and that it is still what was recorded."""

import typer

from cio_strategist.command_line.audit_commands import audit_commands
from cio_strategist.command_line.audit_key_commands import audit_key_commands
from cio_strategist.command_line.audit_search_commands import audit_search_commands
from cio_strategist.command_line.explain_command import explain_command
from cio_strategist.command_line.version_option import offer_version
from cio_strategist.settings import variables

_USED = (
    "MONGODB_URI",
    "MONGODB_DATABASE",
    "NATS_URL",
    "NATS_TOPIC_INTENTS",
    "STRATEGIST_AUDIT_PUBLIC_KEYS",
    "STRATEGIST_AUDIT_KEY_FILE",
)

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="The audit chain: every decision, fail-safe report, and change of policy or control, each entry with the "
    "digest of the one before, and signed checkpoints over them. Verify all of it, prove one entry to somebody who "
    "has nothing but the public key, look, export, and hold the intents that came against the records. Changes "
    "nothing. Exit codes: 0 done, 1 refused or failed, 2 wrong usage.",
    epilog="Environment: " + " ".join(f"{name}: {variables()[name].description}" for name in _USED),
)
app.add_typer(audit_commands)
app.add_typer(audit_search_commands)
app.add_typer(explain_command)
app.add_typer(audit_key_commands, name="key")
offer_version(app, "cio-audit")


def main() -> None:
    """Run the command line."""
    app(prog_name="cio-audit")
