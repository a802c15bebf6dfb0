"""One run's tools, put together; and the first look at an account."""

import os
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from canary.account import Account, alias_of
from canary.caller import Caller, Credentials
from canary.clock import Clock, Deadline
from canary.closing import Closing
from canary.errors import CanaryError, OutOfTimeError, RefusedError, RejectedError
from canary.journal import Journal
from canary.limits import Pacer
from canary.markets import USD_M, Market
from canary.model import MarketLot, Mode, Reading
from canary.planning import check_mode
from canary.reading import read_account
from canary.result import RunResult
from canary.transport import Transport
from canary.workers import Workers

WORKERS = 16
PREPARATION_SECONDS = 60.0
FIRST_LOOK_ATTEMPTS = 3
KEY_NOT_ACCEPTED = (-1022, -2014, -2015)
"""Wrong signature; an impossible key; an unknown key, one without permission, or one for another address."""


@dataclass(frozen=True, slots=True)
class Examination:
    """An account as it was found: enough to plan, and to ask for confirmation."""

    name: str
    mode: Mode
    reading: Reading
    lots: dict[str, MarketLot]


@dataclass(slots=True)
class Session:
    """Everything that one run needs."""

    account: Account
    caller: Caller
    credentials: Credentials
    workers: Workers
    clock: Clock
    deadline: Deadline
    journal: Journal
    run_id: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def examine(self, *, stated_mode: Mode | None = None) -> Examination:
        """Look at the account without changing anything.

        `stated_mode` is a person's word, for when the exchange does not tell the mode. Raises `RefusedError` if the
        mode cannot be determined, or contradicts that word or the positions.
        """
        self._synchronise()
        name = self.workers.start(lambda: alias_of(self.account))
        lots = self.workers.start(self._lots)
        mode = self.workers.start(lambda: self._mode(stated_mode))
        try:
            reading = read_account(self.account, attempts=FIRST_LOOK_ATTEMPTS)
        except OutOfTimeError as error:
            reading = Reading(None, None, None, (f"the account cannot be read: {error}",))
        found = Examination(name.result() or "UNNAMED", mode.result(), reading, lots.result())
        check_mode(found.mode, reading.positions or ())
        return found

    def close_all(self, found: Examination, *, seconds: float) -> RunResult:
        """Close everything; at most `seconds` from now. Raises `RefusedError`, and nothing has been sent then."""
        self.deadline.extend(seconds)
        closing = Closing(
            self.account,
            mode=found.mode,
            lots=found.lots,
            run_id=self.run_id,
            workers=self.workers,
            clock=self.clock,
            deadline=self.deadline,
            journal=self.journal,
        )
        return closing.run()

    def _synchronise(self) -> None:
        try:
            self.caller.synchronise()
        except CanaryError as error:
            self.journal.tell(f"The exchange's time is not known ({error}); trusting this machine's clock for now.")

    def _mode(self, stated: Mode | None) -> Mode:
        try:
            told = self.account.mode()
        except CanaryError as error:
            if stated is not None:
                return stated
            raise RefusedError(_why_untouched(error)) from error
        if stated not in {None, told}:
            raise RefusedError(f"the exchange says that the account is in {told.value} mode: leave --mode out")
        return told

    def _lots(self) -> dict[str, MarketLot]:
        try:
            return self.account.market_lots()
        except CanaryError as error:
            self.journal.tell(f"The exchange's rules are not known ({error}): each position is closed by one order.")
            return {}


def _why_untouched(error: CanaryError) -> str:
    """Return why nothing is touched without the position mode, and what helps against that."""
    if isinstance(error, OutOfTimeError):
        return f"nothing is touched: {error}. Use another network, such as a phone's hotspot, or the exchange's app"
    if isinstance(error, RejectedError) and error.code in KEY_NOT_ACCEPTED:
        return f"nothing is touched: {error}. Check key and secret, what the key may do, and for which address it is"
    return (
        f"the account's position mode cannot be determined, so nothing is touched: {error}. "
        "If you know it, say it: --mode hedge or --mode one-way"
    )


@contextmanager
def open_session(
    transport: Transport,
    credentials: Credentials,
    *,
    clock: Clock,
    log: Path | None,
    say: Callable[[str], None],
    market: Market = USD_M,
    workers: int = WORKERS,
    preparation: float = PREPARATION_SECONDS,
) -> Generator[Session]:
    """Yield a session for one market, and end its threads and the transport's connections afterwards.

    `log` is the append-only file, `say` shows progress.
    `preparation` is how many seconds the first look may take, before `close_all` is given its own.
    """
    run_id = os.urandom(5).hex()
    deadline = Deadline(clock, preparation)
    journal = Journal(log, run=run_id, clock=clock, say=say)
    caller = Caller(
        transport,
        credentials,
        clock=clock,
        deadline=deadline,
        pacer=Pacer(clock, deadline, market.limits()),
        journal=journal,
        time_path=market.time_path,
    )
    with closing(transport), Workers(workers) as pool:
        yield Session(market.open(caller), caller, credentials, pool, clock, deadline, journal, run_id)


@contextmanager
def open_beside(session: Session, market: Market, transport: Transport) -> Generator[Session]:
    """Yield a session for another market of the same account and run, to be used after or before the first one."""
    pacer = session.caller.pacer if market.futures else Pacer(session.clock, session.deadline, market.limits())
    caller = Caller(
        transport,
        session.credentials,
        clock=session.clock,
        deadline=session.deadline,
        pacer=pacer,
        journal=session.journal,
        time_path=market.time_path,
    )
    with closing(transport):
        yield replace(session, account=market.open(caller), caller=caller)
