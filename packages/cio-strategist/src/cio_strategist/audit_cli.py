"""`cio-audit`: what was recorded, and that it is still what was recorded."""

from cio_strategist.command_line.audit.chain import audit_commands
from cio_strategist.command_line.audit.explain import explain_command
from cio_strategist.command_line.audit.keys import audit_key_commands
from cio_strategist.command_line.audit.search import audit_search_commands
from cio_strategist.command_line.program import program

app = program(
    "The audit chain: every decision, fail-safe report, and change of policy or control, each entry with the "
    "digest of the one before, and signed checkpoints over them. Verify all of it, prove one entry to somebody who "
    "has nothing but the public key, look, export, and hold the intents that came against the records. Changes "
    "nothing.",
    example="cio-audit verify --public-key audit.pem.pub",
    environment=(
        "MONGODB_URI",
        "MONGODB_DATABASE",
        "NATS_URL",
        "NATS_TOPIC_INTENTS",
        "STRATEGIST_AUDIT_PUBLIC_KEYS",
        "STRATEGIST_AUDIT_KEY_FILE",
        "STRATEGIST_SECRETS_DIR",
    ),
)
app.add_typer(audit_commands)
app.add_typer(audit_search_commands)
app.add_typer(explain_command)
app.add_typer(audit_key_commands, name="key")


def main() -> None:
    """Run the command line."""
    app(prog_name="cio-audit")
