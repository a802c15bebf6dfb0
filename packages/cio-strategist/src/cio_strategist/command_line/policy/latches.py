"""Commands on the latches of the portfolio."""

from typing import Annotated

import typer

from cio_strategist.command_line.console import say
from cio_strategist.command_line.options import By, Code
from cio_strategist.command_line.session import Session, run
from cio_strategist.domain.policy.latch_change import LatchOutcome
from cio_strategist.domain.portfolio.book import Latch

latch_commands = typer.Typer(no_args_is_help=True, help="Latches of the portfolio: the day's loss, and drawdown.")


@latch_commands.callback()
def _latches() -> None:  # pyright: ignore[reportUnusedFunction]
    pass


@latch_commands.command(epilog='Example: cio-policy latch clear drawdown --reason "strategy retired" --code 123456')
def clear(
    latch: Annotated[Latch, typer.Argument(metavar="LATCH", help="daily-loss or drawdown.")],
    reason: Annotated[str, typer.Option(metavar="WHY", help="Why trading may go on, for whoever reads the history.")],
    code: Code = None,
    by: By = None,
) -> None:
    """Clear a latch, so that it counts anew from the equity of now. Takes the second factor, and so the authority."""

    async def work_on(work: Session) -> LatchOutcome:
        latches = work.governance.needed_authority.latches
        return await latches.clear(latch, request=work.request(by=by, reason=reason), code=code)

    outcome = run(work_on)
    say(f"{outcome.message}; latched was {outcome.latched}")
    if outcome.enforcement is not None:
        say(outcome.enforcement.message)
