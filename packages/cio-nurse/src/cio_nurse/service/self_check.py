"""The self-check at start: a made-up order goes the whole way before the gate calls itself ready.

It proves the machinery: an intent comes in over NATS, is read, passes the gates, holds its place in Redis, has a record
that the stream would keep, and leaves as a signal and a verdict that arrive; an order that is too large is vetoed. It
does not prove that the policy in force lets anything pass: it runs under the default policy, so that it works in every
mode. See decision 0025.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count
from typing import Any

import structlog

from cio_nurse.errors import TransportUnavailableError
from cio_nurse.ports import Clock, Inbound, LedgerStore, Transport
from cio_nurse.service.ledger import Ledger
from cio_nurse.service.rehearsal import PrivateTransport, Rehearsal, UncountedClaims
from petrosa_contracts import Code, Verdict

STRATEGY = "cio-self-check"
"""Strategy of the made-up orders; it shows in the gate's own log alone."""

ATTEMPT_SECONDS = 3.0
"""How long one attempt may take."""

RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Waits between attempts; the last one repeats for as long as it takes."""

_INTENT = "intent"
_TOO_LARGE = 1e9
"""Quantity that the default policy surely refuses."""

_log = structlog.stdlib.get_logger()


class CheckFailedError(Exception):
    """An attempt did not get through; the text says where it ended."""


class SelfCheck:
    """Repeats the check until it has passed once. Nothing waits for it but readiness.

    `private` is a subject of this connection's own; `receive` has to be given every message below it. `rehearse` makes
    the way of one attempt.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        private: str,
        store: LedgerStore,
        rehearse: Callable[[PrivateTransport, Ledger], Rehearsal],
        records_needed: Callable[[], bool],
        signals: str,
        clock: Clock,
        reservation_seconds: float,
    ) -> None:
        self._transport = PrivateTransport(transport, private)
        self._private = private
        self._claims = UncountedClaims(store)
        # One for all attempts: what one of them could not undo, the next one does first.
        self._ledger = Ledger(self._claims, clock, reservation_seconds=reservation_seconds)
        self._rehearse = rehearse
        self._records_needed = records_needed
        self._signals = signals
        self._clock = clock
        self._rehearsal: Rehearsal | None = None
        self._asked = ""
        self._signal = ""
        self._verdict: asyncio.Future[Verdict] | None = None
        self._passed = asyncio.Event()
        self._passed_at: datetime | None = None
        self._attempts = 0
        self._problem = "it has not begun"
        self._proved: list[str] = []

    @property
    def passed(self) -> bool:
        """Whether it has passed since the start."""
        return self._passed_at is not None

    async def until_passed(self) -> None:
        """Return once it has passed."""
        await self._passed.wait()

    def facts(self) -> Mapping[str, Any]:
        """Return how it stands, for `/readyz`: since when it is passed or why it is not, and what was proved."""
        return {
            "passed": self.passed,
            "passed_at": self._passed_at.isoformat() if self._passed_at else None,
            "attempts": self._attempts,
            "problem": self._problem,
            "proved": tuple(self._proved),
        }

    async def run(self) -> None:
        """Try until it passes."""
        for attempt in count():
            self._attempts += 1
            try:
                await self._attempt()
            except (CheckFailedError, TransportUnavailableError) as error:
                wait = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
                level = _log.error if str(error) != self._problem else _log.debug
                self._problem = str(error)
                level("self_check_failed", reason=self._problem, proved=self._proved, retry_in=wait)
                await asyncio.sleep(wait)
            else:
                break
        self._problem, self._passed_at = "", self._clock.now()
        self._passed.set()
        _log.info("self_check_passed", attempts=self._attempts, proved=self._proved)

    async def receive(self, message: Inbound) -> None:
        """Take a message below the private subject: the made-up intent, or what became of it."""
        subject = message.subject.removeprefix(f"{self._private}.")
        if self._rehearsal is None or self._asked not in message.data.decode(errors="replace"):
            return  # of an attempt that was given up
        if subject == _INTENT:
            await self._rehearsal.go(message)
        elif subject.startswith(self._signals):
            self._signal = str(json.loads(message.data)["decision_id"])
        elif self._verdict is not None and not self._verdict.done():
            self._verdict.set_result(Verdict.model_validate_json(message.data))

    async def _attempt(self) -> None:
        self._proved, self._claims.trouble = [], ""
        rehearsal = self._rehearsal = self._rehearse(self._transport, self._ledger)
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                await self._passes(rehearsal)
                await self._is_refused()
        except TimeoutError as error:
            done = ", ".join(self._proved) or "nothing"
            raise CheckFailedError(
                f"no verdict came back within {ATTEMPT_SECONDS:g} seconds; proved: {done}"
            ) from error
        finally:
            self._rehearsal = None
            for decision_id in tuple(self._claims.asked):
                await self._ledger.undo(decision_id)

    async def _passes(self, rehearsal: Rehearsal) -> None:
        verdict = await self._verdict_on(quantity=0.01)
        self._proved.append("decoded")
        self._look_at(verdict, rehearsal)
        await self._ledger.undo(verdict.decision_id)
        if verdict.decision_id in self._claims.held:
            raise CheckFailedError(f"the ledger does not release what it held: {self._claims.trouble}")
        self._proved.append("released")

    def _look_at(self, verdict: Verdict, rehearsal: Rehearsal) -> None:
        if self._claims.trouble:
            raise CheckFailedError(f"the ledger does not answer: {self._claims.trouble}")
        if self._records_needed() and verdict.decision_id not in rehearsal.records.probed:
            raise CheckFailedError(f"no record would be kept: {rehearsal.records.trouble or verdict.message}")
        if not verdict.approved:
            raise CheckFailedError(f"a sound order was vetoed: {verdict.message}")
        self._proved.append("approved")
        if verdict.decision_id not in self._claims.held:
            raise CheckFailedError("the ledger holds no claim of the order")
        self._proved.append("claimed")
        if rehearsal.records.probed:
            self._proved.append("recorded")
        if self._signal != verdict.decision_id:
            raise CheckFailedError("the verdict came back without a signal before it")
        self._proved.append("published")

    async def _is_refused(self) -> None:
        verdict = await self._verdict_on(quantity=_TOO_LARGE)
        if verdict.code is not Code.ORDER_NOTIONAL_MAX:
            raise CheckFailedError(f"an order that is far too large got {verdict.code or 'no veto'}")
        self._proved.append("refused")

    async def _verdict_on(self, *, quantity: float) -> Verdict:
        if not self._transport.connected:
            raise CheckFailedError("NATS is not connected")
        self._asked, self._signal = secrets.token_hex(16), ""
        self._verdict = asyncio.get_running_loop().create_future()
        order = _order(self._asked, self._clock.now(), quantity)
        await self._transport.publish(_INTENT, json.dumps(order).encode())
        return await self._verdict


def _order(intent_id: str, now: datetime, quantity: float) -> Mapping[str, Any]:
    return {
        "strategy_id": STRATEGY,
        "strategy": STRATEGY,
        "source": STRATEGY,
        "intent_id": intent_id,
        "symbol": "BTCUSDT",
        "action": "buy",
        "confidence": 1.0,
        "price": 50_000.0,
        "current_price": 50_000.0,
        "quantity": quantity,
        "timestamp": now.isoformat(),
    }
