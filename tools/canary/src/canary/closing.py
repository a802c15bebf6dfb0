"""Cancel, close, read back, and again until the account is proved flat.

No close order can open anything: in one-way mode it is reduce-only, in hedge mode it names the side that it closes.
None is sent twice blindly: one whose fate is unknown is looked up by its own id, and the position is read again before
the next is sent.
"""

import itertools
from collections.abc import Callable
from contextlib import suppress

from canary.account import Account
from canary.clock import Clock, Deadline
from canary.dispatch import Dispatch
from canary.errors import OutOfTimeError, PartlyReadError, RejectedError, UnavailableError
from canary.journal import Journal
from canary.model import MarketLot, Mode, Position, Reading
from canary.planning import check_mode
from canary.reading import ATTEMPTS, NOTHING_KNOWN, describe, read_account
from canary.result import Problem, RunResult, Verdict
from canary.workers import Workers

STALLED_ROUNDS = 6
"""So many rounds in a row without any change and with nothing that could pass by itself, and the run ends."""
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
LAST_SETTLING_SECONDS = 5.0
LAST_READING_SECONDS = 10.0
"""Granted beyond the deadline, to learn what became of unanswered orders, and what is left."""


class Closing:
    """One run over one account; `run` may be called once."""

    def __init__(
        self,
        account: Account,
        *,
        mode: Mode,
        lots: dict[str, MarketLot],
        run_id: str,
        workers: Workers,
        clock: Clock,
        deadline: Deadline,
        journal: Journal,
    ) -> None:
        self._account = account
        self._mode = mode
        self._workers = workers
        self._clock = clock
        self._deadline = deadline
        self._journal = journal
        self._result = RunResult(Verdict.UNKNOWN, NOTHING_KNOWN)
        self._touched: set[str] = set()
        self._dispatch = Dispatch(
            account, lots, run_id=run_id, workers=workers, clock=clock, deadline=deadline, journal=journal
        )

    def run(self) -> RunResult:
        """Return what the account is in the end; raises `RefusedError`, and nothing has been sent then."""
        try:
            self._rounds_in_time()
        except KeyboardInterrupt:
            self._interrupted()
        self._result.sent = list(self._dispatch.sent.values())
        self._result.verdict = _verdict(self._result.last)
        return self._result

    def _rounds_in_time(self) -> None:
        try:
            self._rounds()
        except OutOfTimeError as error:
            self._stop(str(error))

    def _rounds(self) -> None:
        reading = self._read()
        check_mode(self._mode, reading.positions or ())
        stalled, pause = 0, FIRST_PAUSE_SECONDS
        for number in itertools.count(1):
            self._result.rounds = number
            self._dispatch.problems.clear()
            before = reading
            reading, tried = self._round(before)
            self._keep_problems()
            if reading.flat:
                self._result.why_ended = "read back after the last request: nothing is open"
                return
            moved = reading != before
            stalled = 0 if moved or self._may_pass(reading) else stalled + 1
            if stalled >= STALLED_ROUNDS or (stalled and not tried and not reading.all_orders):
                self._result.why_ended = "nothing changes any more: what is left needs a person"
                return
            pause = FIRST_PAUSE_SECONDS if moved else min(pause * 2, LONGEST_PAUSE_SECONDS)
            self._journal.tell(f"Round {number}: {describe(reading)}.")
            self._pause(pause)

    def _round(self, reading: Reading) -> tuple[Reading, int]:
        """Return how the account reads afterwards, and how many orders were tried."""
        tried = 0
        if not reading.flat:
            self._cancel(self._symbols_with_orders(reading))
            self._dispatch.settle()
            # Read again in any case: an order may have filled until it was cancelled.
            tried = self._dispatch.close(self._positions_now())
            self._dispatch.settle()
            reading = self._read()
        if reading.flat:
            # An order that was on its way in while the account was read must not be left behind.
            self._cancel(sorted(self._touched))
            reading = self._read()
        return reading, tried

    def _symbols_with_orders(self, reading: Reading) -> list[str]:
        if reading.orders is None or reading.conditional_orders is None:
            # Which orders there are cannot be read: any symbol that this run knows of may have one.
            return sorted(self._touched)
        return sorted({order.symbol for order in reading.all_orders})

    def _positions_now(self) -> tuple[Position, ...]:
        try:
            positions = self._account.positions()
        except (RejectedError, UnavailableError) as error:
            self._note("*", "positions", f"positions cannot be read: {error}", passing=True)
            # Those that could be read are closed all the same; the account is not called flat without the others.
            positions = error.found if isinstance(error, PartlyReadError) else ()
        self._remember(positions)
        return positions

    def _cancel(self, symbols: list[str]) -> None:
        if symbols:
            self._journal.tell(f"Cancelling all orders of {len(symbols)} symbols.")
        kinds = self._account.cancellations()
        self._workers.each(self._cancel_one, [(symbol, cancel) for symbol in symbols for cancel in kinds])

    def _cancel_one(self, what: tuple[str, Callable[[str], None]]) -> None:
        symbol, cancel = what
        try:
            cancel(symbol)
        except (RejectedError, UnavailableError) as error:
            passing = isinstance(error, UnavailableError)
            self._note(symbol, "orders", f"orders not cancelled: {error}", passing=passing)
        else:
            self._journal.write("cancelled", symbol=symbol, what=cancel.__name__.strip("_"))

    def _read(self, attempts: int = ATTEMPTS) -> Reading:
        self._result.last = NOTHING_KNOWN
        reading = read_account(self._account, attempts=attempts)
        self._journal.write(
            "read",
            positions=None if reading.positions is None else [str(position) for position in reading.positions],
            orders=None if reading.orders is None else len(reading.orders),
            conditional_orders=None if reading.conditional_orders is None else len(reading.conditional_orders),
            problems=reading.problems,
        )
        self._remember(reading.positions or ())
        self._touched |= {order.symbol for order in reading.all_orders}
        self._result.orders_seen |= set(reading.all_orders)
        self._result.last = reading
        return reading

    def _remember(self, positions: tuple[Position, ...]) -> None:
        for position in positions:
            self._touched.add(position.symbol)
            self._result.first_seen.setdefault(position.key, position)

    def _note(self, symbol: str, side: str, why: str, *, passing: bool) -> None:
        self._dispatch.problems.append(Problem(symbol, side, why, passing))
        self._journal.write("problem", symbol=symbol, side=side, why=why, passing=passing)

    def _keep_problems(self) -> None:
        for problem in self._dispatch.problems:
            self._result.problems[problem.symbol, problem.side] = problem

    def _may_pass(self, reading: Reading) -> bool:
        return not reading.complete or any(problem.passing for problem in self._dispatch.problems)

    def _pause(self, seconds: float) -> None:
        if self._deadline.left <= seconds:
            raise OutOfTimeError("the time given for the run is over")
        self._clock.sleep(seconds)

    def _interrupted(self) -> None:
        self._result.interrupted = True
        self._result.last = NOTHING_KNOWN
        self._result.why_ended = "interrupted twice, so what is left was not looked at"
        self._journal.tell("Interrupted: nothing more is sent. Looking at what is left; interrupt again to leave now.")
        # What runs in threads ends by itself as soon as it would begin something new.
        self._deadline.end()
        with suppress(KeyboardInterrupt):
            self._workers.finish()
            self._stop("interrupted")

    def _stop(self, why: str) -> None:
        self._result.last = NOTHING_KNOWN
        self._journal.tell(f"Stopping: {why}.")
        self._keep_problems()
        self._last_look()
        self._result.why_ended = why

    def _last_look(self) -> None:
        # Neither what became of single orders nor one part that hangs may take the time that the rest needs.
        looks = (
            (LAST_SETTLING_SECONDS, self._dispatch.settle),
            (LAST_READING_SECONDS, lambda: self._read(attempts=1)),
        )
        for seconds, look in looks:
            self._deadline.extend(seconds)
            try:
                look()
            except OutOfTimeError as error:
                self._journal.tell(f"Not all of what is left could be learned: {error}.")


def _verdict(last: Reading) -> Verdict:
    if last.flat:
        return Verdict.FLAT
    return Verdict.LEFT if last.positions or last.all_orders else Verdict.UNKNOWN
