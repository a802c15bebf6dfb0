"""Printing for people: tables with rich on a terminal, plain columns everywhere else."""

import json
from collections.abc import Sequence
from datetime import datetime

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

NOTHING = "-"


def say(text: str) -> None:
    """Print a line of the answer."""
    typer.echo(printable(text))


def warn(text: str) -> None:
    """Print a line that must be seen and is no part of the answer, on standard error."""
    typer.echo(printable(text), err=True)


def say_json(content: object) -> None:
    """Print `content` as indented JSON, in ASCII, so that any terminal or program can take it."""
    typer.echo(json.dumps(content, indent=2, allow_nan=False))


def say_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headings. Nothing is cut off: on a terminal long cells wrap, elsewhere lines grow."""
    cells = [[printable(cell) or NOTHING for cell in row] for row in rows]
    console = Console()
    if console.is_terminal:
        table = Table(*headings)
        for row in cells:
            table.add_row(*(Text(cell, overflow="fold") for cell in row))
        console.print(table)
        return
    lines = [list(headings), *cells]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def say_entries(title: str, entries: Sequence[tuple[str, str]]) -> None:
    """Print titled paragraphs under a title. On a terminal they wrap; elsewhere each is one line."""
    console = Console()
    if console.is_terminal:
        table = Table(
            title=title, title_style="bold", title_justify="left", show_header=False, box=None, pad_edge=False
        )
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        for name, text in entries:
            table.add_row(name, Text(printable(text), overflow="fold"))
        console.print(table)
        return
    typer.echo(title)
    for name, text in entries:
        typer.echo(f"  {name}: {printable(text)}")


def shown(value: object) -> str:
    """Return a parameter's value as an operator would type it: words bare, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def moment(instant: datetime | None) -> str:
    """Return an instant to the second, in UTC; empty for none."""
    return "" if instant is None else f"{instant:%Y-%m-%d %H:%M:%S}Z"


def printable(text: str) -> str:
    """Return `text` with control characters and broken encoding made visible: stored text must not steer a terminal."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
