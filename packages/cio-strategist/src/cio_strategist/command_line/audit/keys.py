"""The commands of `cio-audit` about the key that signs checkpoints."""

from pathlib import Path
from typing import Annotated

import typer

from cio_strategist.command_line.console import say, say_json
from cio_strategist.command_line.options import AsJson
from cio_strategist.command_line.session import reporting
from cio_strategist.errors import UsageError

audit_key_commands = typer.Typer(no_args_is_help=True, help="The key that signs checkpoints.")


@audit_key_commands.command(epilog="Example: cio-audit key new audit.pem")
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes; the public one beside it.")],
    as_json: AsJson = False,
) -> None:
    """Make a key: the private one for the recorder alone (STRATEGIST_AUDIT_KEY_FILE), FILE.pub for all who verify.

    A file that exists is never overwritten.
    """
    from cio_strategist.adapters.signing import SigningKey

    public = file.with_name(f"{file.name}.pub")
    with reporting():
        if public.exists():
            raise UsageError(f"{public} exists already: a key is never overwritten")
        key = SigningKey.make(file).public
        try:
            public.write_text(key.pem(), encoding="ascii")
        except OSError as error:
            raise UsageError(f"{public} cannot be written: {error.strerror}") from error
    if as_json:
        say_json({"key_id": key.key_id, "private": str(file), "public": str(public)})
    else:
        say(f"key {key.key_id}: private in {file}, public in {public}")


@audit_key_commands.command(epilog="Example: cio-audit key show audit.pem.pub")
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A key in PEM, public or private.")],
    as_json: AsJson = False,
) -> None:
    """Show what a key is known by, and its public half."""
    from cio_strategist.adapters.signing import read_public_key

    with reporting():
        key = read_public_key(file)
    if as_json:
        say_json({"key_id": key.key_id, "public": key.pem()})
    else:
        say(f"key {key.key_id}")
        typer.echo(key.pem(), nl=False)
