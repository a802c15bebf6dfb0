"""Commands on access: tokens, and the secret of the second factor."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cio_strategist.command_line.console import say, say_json, say_table, warn
from cio_strategist.command_line.options import AsJson
from cio_strategist.command_line.policy import view
from cio_strategist.command_line.session import Session, reporting, run
from cio_strategist.domain.access.caller import CallerClass, Permission
from cio_strategist.domain.access.token import StoredToken
from cio_strategist.domain.duration import parse_duration
from cio_strategist.service.access.totp_secret import new_secret, provisioning_uri
from petrosa_contracts.instant import utc_now

token_commands = typer.Typer(no_args_is_help=True, help="Bearer tokens for the HTTP and MCP gateway.")
totp_commands = typer.Typer(no_args_is_help=True, help="The second factor of operators.")


@token_commands.command(epilog="Example: cio-policy token create strategist --class agent --for 90d")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whom it is for; signs changes.")],
    kind: Annotated[CallerClass, typer.Option("--class", help="A program, or a person.")],
    permissions: Annotated[
        list[Permission] | None, typer.Option("--allow", help="What it allows; repeat it. Default: all of the class.")
    ] = None,
    lasting: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="Ends by itself after 12h, 90d …; else when revoked.")
    ] = None,
) -> None:
    """Make a token and print it, once: only a digest of it is kept."""

    async def work_on(work: Session) -> tuple[StoredToken, str]:
        span = None if lasting is None else parse_duration(lasting)
        tokens = work.governance.needed_authority.tokens
        return await tokens.create(name, kind, permissions or None, lasting=span)

    stored, text = run(work_on)
    warn(f"token {stored.id} of {stored.name}, {stored.kind}: {' '.join(stored.permissions)}; it is shown this once")
    typer.echo(text)


@token_commands.command("list", epilog="Example: cio-policy token list --json")
def list_(as_json: AsJson = False) -> None:
    """Show every token, without its secret."""

    async def look(work: Session) -> Sequence[StoredToken]:
        return await work.governance.needed_authority.tokens.all()

    found = run(look)
    if as_json:
        say_json([token.model_dump(mode="json", exclude={"digest"}) for token in found])
    elif found:
        say_table(view.TOKEN_HEADINGS, view.token_rows(found, utc_now()))
    else:
        say("there is no token: make one with cio-policy token create")


@token_commands.command(epilog="Example: cio-policy token revoke strategist")
def revoke(name: Annotated[str, typer.Argument(metavar="ID|NAME", help="Which one.")]) -> None:
    """End a token at once."""

    async def work_on(work: Session) -> StoredToken:
        return await work.governance.needed_authority.tokens.revoke(name)

    revoked = run(work_on)
    say(f"token {revoked.id} of {revoked.name} is revoked")


@totp_commands.command(epilog="Example: cio-policy totp new")
def new(name: Annotated[str, typer.Option(metavar="NAME", help="How authenticators label it.")] = "operator") -> None:
    """Make a secret for the second factor: put it into STRATEGIST_TOTP_SECRET and an authenticator."""
    with reporting():
        secret = new_secret()
        typer.echo(f"STRATEGIST_TOTP_SECRET={secret}")
        typer.echo(provisioning_uri(secret, name=name))
