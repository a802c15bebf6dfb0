"""One run over one or several markets of an account: USD-M futures always, the others when asked for."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from canary.errors import CanaryError
from canary.markets import COIN_M, Market, spot
from canary.model import Mode
from canary.reading import NOTHING_KNOWN
from canary.result import RunResult, Verdict
from canary.session import Examination, Session, open_beside
from canary.settings import Settings
from canary.transport import HttpTransport


@dataclass(slots=True)
class MarketRun:
    """A market that is to be closed: how it was found, or why it cannot be closed now."""

    market: str
    session: Session
    found: Examination | None
    why_not: str = ""
    result: RunResult | None = None

    @property
    def flat_already(self) -> bool:
        """Whether nothing was open when it was looked at."""
        return self.found is not None and self.found.reading.flat


def others_asked_for(options: argparse.Namespace, settings: Settings) -> list[tuple[Market, str]]:
    """Return the markets beside USD-M futures that are to be closed, with their addresses."""
    asked = [COIN_M] if options.coin_m else []
    asked += [spot(options.sell_spot)] if options.sell_spot else []
    return [(market, settings.other_markets[market.name]) for market in asked]


def examine_beside(
    stack: ExitStack, first: Session, asked: list[tuple[Market, str]], mode: Mode | None, seconds: float
) -> Iterator[MarketRun]:
    """Look at each market that was asked for; one that cannot be looked at does not keep the others open."""
    for market, url in asked:
        first.deadline.extend(seconds)
        session = stack.enter_context(open_beside(first, market, HttpTransport(url)))
        try:
            found = session.examine(stated_mode=mode if market.futures else None)
        except CanaryError as error:
            yield MarketRun(market.name, session, None, why_not=str(error))
        else:
            yield MarketRun(market.name, session, found)


def carry_out(runs: list[MarketRun], seconds: float) -> None:
    """Close one market after the other, each within `seconds`; an interruption ends all that have not begun."""
    interrupted = False
    for run in runs:
        if interrupted:
            run.result = RunResult(Verdict.UNKNOWN, NOTHING_KNOWN, why_ended="interrupted before it was begun")
        elif run.found is None:
            run.result = RunResult(Verdict.UNKNOWN, NOTHING_KNOWN, why_ended=run.why_not)
        else:
            # Also what was flat when it was looked at: that may be minutes ago.
            run.result = run.session.close_all(run.found, seconds=seconds)
            interrupted = run.result.interrupted


def worst(runs: list[MarketRun]) -> Verdict:
    """Return what is known of all markets together: flat only if each of them is."""
    verdicts = {run.result.verdict for run in runs if run.result is not None}
    return next((one for one in (Verdict.LEFT, Verdict.UNKNOWN) if one in verdicts), Verdict.FLAT)
