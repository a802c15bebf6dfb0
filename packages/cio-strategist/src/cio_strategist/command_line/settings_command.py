"""The command that shows the settings."""

import typer

from cio_strategist.command_line.console import say_table
from cio_strategist.command_line.session import reporting
from cio_strategist.settings import Settings, shown, variables


def settings_command(program: str) -> typer.Typer:
    """Return the command `settings` of a program."""
    commands = typer.Typer()
    commands.command("settings", epilog=f"Example: {program} settings")(_show)
    return commands


def _show() -> None:
    """Show every setting: its variable, its value now, its default and its meaning. Secrets stay hidden."""
    with reporting():
        values = Settings.load()
    say_table(
        ("variable", "value", "default", "meaning"),
        [
            (variable, shown(getattr(values, attribute)), shown(field.default), field.description or "")
            for (variable, field), attribute in zip(variables().items(), Settings.model_fields, strict=True)
        ],
    )
