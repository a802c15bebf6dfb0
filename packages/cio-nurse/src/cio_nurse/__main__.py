"""The command `cio-nurse`."""

import sys
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from cio_nurse import __version__, serving
from cio_nurse.bootstrap import Nurse
from cio_nurse.errors import SettingsError
from cio_nurse.settings import Settings, load, shown, variables

FAILED = 1
WRONG_USAGE = 2

_HELP = "\n\n".join(
    (
        "The gate between trade intents and the order engine. Without a command it serves until SIGTERM.",
        "\b\nSettings (environment):\n"
        + "\n".join(
            f"  {name} [{shown(field.get_default(call_default_factory=True))}]\n      {field.description}"
            for name, field in variables().items()
        ),
        "\b\nExample:\n  NATS_URL=nats://127.0.0.1:4222 REDIS_URL=redis://127.0.0.1:6379/0 cio-nurse",
        "Exit codes: 0 stopped when told to, 1 failed, 2 wrong usage.",
    )
)

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=_HELP,
)


@app.callback(invoke_without_command=True, help=_HELP)
def serve(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False,
) -> None:
    """Serve intents until SIGTERM or SIGINT."""
    if version:
        typer.echo(f"cio-nurse {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.Exit(_serve(_load()))


@app.command("settings", epilog="Example: cio-nurse settings")
def show_settings() -> None:
    """Show every setting: its variable, its value now, its default and its meaning. Credentials stay hidden."""
    values = _load()
    table = Table("variable", "value", "default", "meaning", show_lines=False)
    for name, (attribute, field) in zip(variables(), Settings.model_fields.items(), strict=True):
        default = field.get_default(call_default_factory=True)
        table.add_row(name, shown(getattr(values, attribute)), shown(default), field.description)
    Console(width=None if sys.stdout.isatty() else 180).print(table)


def main() -> None:
    """Run the command line."""
    app(prog_name="cio-nurse")


def _load() -> Settings:
    try:
        return load()
    except SettingsError as error:
        typer.echo(f"cio-nurse: the settings cannot be used.\n{error}\nSee `cio-nurse --help`.", err=True)
        raise typer.Exit(WRONG_USAGE) from error


def _serve(settings: Settings) -> int:
    with serving.logging_of(settings) as lines:
        try:
            uvloop.run(serving.serve(Nurse(settings, lines)))
        except OSError as error:
            address = f"{settings.http_host}:{settings.http_port}"
            typer.echo(f"cio-nurse: cannot serve HTTP on {address}: {error}. Set NURSE_HTTP_PORT.", err=True)
            return FAILED
    return 0


if __name__ == "__main__":
    main()
