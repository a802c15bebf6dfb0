"""Clearing the latches of the portfolio: an operator's to do, with a second factor, and in the trail."""

from cio_strategist.domain.access.caller import CallerClass, Permission
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.latch_change import LatchOrder, LatchOutcome, decide_latch
from cio_strategist.domain.policy.outcome import Enforcement
from cio_strategist.domain.portfolio.book import Latch
from cio_strategist.errors import ForbiddenError, StoreUnreachableError
from cio_strategist.ports import LatchStore, SecondFactor
from cio_strategist.service.policy.writer import Question, Writer


class LatchDesk:
    """Clears the latched loss of the day, and the latched drawdown. The tracker obeys what this asks for in Redis."""

    def __init__(self, writer: Writer, store: LatchStore, *, second_factor: SecondFactor) -> None:
        self._writer = writer
        self._store = store
        self._second_factor = second_factor

    async def clear(self, latch: Latch, *, request: ChangeRequest, code: str | None = None) -> LatchOutcome:
        """Record the clearing of a latch, and ask the tracker for it.

        Needs `control:loosen`, an operator, a reason and the second factor's `code`. Raises `ForbiddenError`,
        `SecondFactorError`, `UsageError`, and the stores' own errors: where the sentence says that it is recorded and
        Redis went away, the same request has to be made again.
        """
        caller = request.caller
        caller.require(Permission.LOOSEN)
        if caller.kind is not CallerClass.OPERATOR:
            raise ForbiddenError(
                f"clearing a latch lets more pass, which is an operator's to do, not an {caller.kind}'s"
            )
        request.check()
        request.needed_reason("why trading may go on")
        writer = self._writer
        order = LatchOrder(latch, request, writer.now(), writer.new_id())
        question = Question(request, f"clear {latch}")
        # Asked before the second factor: its code was used up by the first request.
        outcome = await writer.earlier(question, LatchOutcome)
        if outcome is None:
            shown = (await self._store.read()).state
            await self._second_factor.verify(code, caller=caller.name)
            outcome = await writer.write(question, LatchOutcome, lambda _: decide_latch(order, shown))
        try:
            await self._store.clear(latch, outcome.cleared_at, by=request.author, reason=request.reason or "")
        except StoreUnreachableError as error:
            raise StoreUnreachableError(
                f"{latch}: the clearing is recorded as {outcome.audit_id} and the tracker was not asked for it: do it "
                f"again ({error})"
            ) from error
        told = "the tracker is asked for it in Redis and does it with its next publication, within seconds"
        return outcome.model_copy(update={"enforcement": Enforcement(enforced=True, epoch=None, message=told)})
