"""Sends close orders, and finds out what became of those that were not answered."""

import itertools
import threading
from dataclasses import dataclass
from decimal import Decimal

from canary.account import Account
from canary.clock import Clock, Deadline
from canary.errors import OutOfTimeError, RejectedError, UnavailableError
from canary.journal import Journal
from canary.model import CloseOrder, Fill, MarketLot, Position, PositionKey
from canary.planning import plan_close
from canary.result import Problem, SentOrder
from canary.workers import Workers

LOOKUPS = 3
"""So often an order that is known is asked for until it is final; then other things come first."""
LOOKUP_PAUSE_SECONDS = 0.5
VISIBLE_AFTER_SECONDS = 1.0
"""An order just accepted may not be visible at once."""
PRICE_TOO_FAR = -4131
"""The book is too thin or too far away right now: that passes."""
FINAL = ("FILLED", "CANCELED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH")
NEVER_ARRIVED = "NEVER ARRIVED"
SETTLED = (*FINAL, NEVER_ARRIVED)


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An order whose fate is unknown; from `expires_at` on (monotonic seconds) the exchange would refuse it."""

    order: CloseOrder
    expires_at: float


class Dispatch:
    """All close orders of one run; the positions given to it have to be read after `settle` returned."""

    def __init__(
        self,
        account: Account,
        lots: dict[str, MarketLot],
        *,
        run_id: str,
        workers: Workers,
        clock: Clock,
        deadline: Deadline,
        journal: Journal,
    ) -> None:
        self.sent: dict[str, SentOrder] = {}
        """Every order that was sent, by its own id."""
        self.problems: list[Problem] = []
        """What went wrong since the list was last emptied."""
        self._account = account
        self._lots = lots
        self._run_id = run_id
        self._workers = workers
        self._clock = clock
        self._deadline = deadline
        self._journal = journal
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._unsettled: dict[PositionKey, list[Unsettled]] = {}

    def close(self, positions: tuple[Position, ...]) -> int:
        """Send the orders that close these positions, side by side; return how many orders were tried.

        A position with an order of unknown fate is left alone until that is settled.
        """
        ready = [position for position in positions if not self._unsettled.get(position.key)]
        if ready:
            self._journal.tell(f"Closing {len(ready)} positions.")
        return sum(self._workers.each(self._close_one, ready))

    def settle(self) -> None:
        """Look up every order whose fate is unknown."""
        waiting = [one for of_position in self._unsettled.values() for one in of_position]
        self._workers.each(self._settle_one, waiting)

    def _close_one(self, position: Position) -> int:
        plan = plan_close(position, self._lots.get(position.symbol), self._new_id)
        if plan.why_dust is not None:
            self._note(position, plan.why_dust, passing=False)
        for count, order in enumerate(plan.orders, start=1):
            if not self._send(order):
                return count
        return len(plan.orders)

    def _send(self, order: CloseOrder) -> bool:
        position = order.position
        self._record(order, "SENDING")
        try:
            fill = self._account.close(order)
        except RejectedError as error:
            self._record(order, f"REFUSED {error.code}")
            self._note(position, str(error), passing=error.code == PRICE_TOO_FAR)
            return False
        except UnavailableError as error:
            self._record(order, "UNKNOWN" if error.maybe_done else "NOT SENT")
            self._note(position, str(error), passing=True)
            if error.maybe_done:
                self._hold(Unsettled(order, error.expires_at))
            return False
        except OutOfTimeError:
            self._record(order, "NOT SENT")
            raise
        self._record(order, fill.status, fill.executed)
        if fill.status not in FINAL:
            self._hold(Unsettled(order, self._clock.monotonic()))
        elif fill.executed < order.quantity:
            self._note(position, f"{fill.status} with {fill.executed} of {order.quantity} executed", passing=True)
        return True

    def _settle_one(self, unsettled: Unsettled) -> None:
        """Ask for an order until it is final, or can neither be known nor arrive any more."""
        order, gone_at = unsettled.order, unsettled.expires_at + VISIBLE_AFTER_SECONDS
        for lookup in itertools.count(1):
            try:
                fill = self._account.find(order.position.symbol, order.client_order_id)
            except (RejectedError, UnavailableError) as error:
                self._note(order.position, f"the fate of {order.client_order_id} is unknown: {error}", passing=True)
                return
            if fill is None and self._clock.monotonic() >= gone_at:
                fill = Fill(NEVER_ARRIVED, Decimal(0))
            if fill is not None and fill.status in SETTLED:
                self._release(unsettled, fill)
                return
            if fill is not None and lookup >= LOOKUPS:
                self._note(order.position, f"{order.client_order_id} is still {fill.status}", passing=True)
                return
            self._clock.sleep(min(LOOKUP_PAUSE_SECONDS, self._deadline.left))

    def _hold(self, unsettled: Unsettled) -> None:
        with self._lock:
            self._unsettled.setdefault(unsettled.order.position.key, []).append(unsettled)

    def _release(self, unsettled: Unsettled, fill: Fill) -> None:
        self._record(unsettled.order, fill.status, fill.executed)
        with self._lock:
            self._unsettled[unsettled.order.position.key].remove(unsettled)

    def _note(self, position: Position, why: str, *, passing: bool) -> None:
        self.problems.append(Problem(*position.key, why, passing))
        self._journal.write("problem", symbol=position.symbol, side=position.side, why=why, passing=passing)

    def _record(self, order: CloseOrder, status: str, executed: Decimal = Decimal(0)) -> None:
        position = order.position
        entry = SentOrder(
            client_order_id=order.client_order_id,
            symbol=position.symbol,
            position_side=position.side,
            side=position.closing_side,
            quantity=f"{order.quantity.normalize():f}",
            status=status,
            executed=f"{executed.normalize():f}",
        )
        with self._lock:
            self.sent[order.client_order_id] = entry
        self._journal.write("order", **entry.as_fields())

    def _new_id(self) -> str:
        with self._lock:
            return f"canary-{self._run_id}-{next(self._numbers)}"
