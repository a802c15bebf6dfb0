"""Arguments and options that several commands share."""

from typing import Annotated

import typer

SCOPES = "global, symbol:BTCUSDT, strategy:momentum_v1 or symbol_side:BTCUSDT:LONG"
"""How the scopes of policy are spelled."""

ScopeArgument = Annotated[str, typer.Argument(metavar="SCOPE", help=SCOPES)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[str | None, typer.Option(metavar="WHO", help="Who makes the change; else the USER variable.")]
Reason = Annotated[str | None, typer.Option(metavar="WHY", help="Why, for whoever reads the history.")]
Code = Annotated[str | None, typer.Option(metavar="CODE", help="The six digits that your authenticator shows.")]
