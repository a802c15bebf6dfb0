"""The command that shows the settings."""

import typer

from cio_strategist.command_line.console import say_table
from cio_strategist.command_line.session import reporting
from cio_strategist.settings import Settings, shown, variables

settings_command = typer.Typer()


@settings_command.command(epilog="Example: cio-policy settings")
def settings() -> None:
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
