"""Control: halting, restricting and resuming scopes, easily towards safety and with a second factor away from it."""

from datetime import timedelta

from cio_strategist.domain.access.caller import CallerClass, Permission
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.control_change import ControlChange, ControlOrder, decide_control
from cio_strategist.domain.policy.outcome import ControlOutcome
from cio_strategist.domain.policy.stored import StoredPolicy
from cio_strategist.errors import ConflictError, ForbiddenError, RefusedError
from cio_strategist.ports import SecondFactor
from cio_strategist.service.policy.writer import Question, Writer
from petrosa_contracts import Mode


class ControlDesk:
    """Imposes and lifts modes. Stricter at once; laxer, and FROZEN, by an operator with a second factor.

    Without a second factor it works straight on the store that gates read, where nobody can be verified: there, FROZEN
    is neither set nor lifted.
    """

    def __init__(self, writer: Writer, *, second_factor: SecondFactor | None = None) -> None:
        self._writer = writer
        self._second_factor = second_factor

    async def impose(
        self,
        mode: Mode,
        *,
        scope: str,
        request: ChangeRequest,
        lasting: timedelta | None = None,
        code: str | None = None,
    ) -> ControlOutcome:
        """Put a scope into SAFE, HALTED or FROZEN, for `lasting` or until it is lifted.

        Needs `control:tighten`, and what `lift` needs where that lets more pass than what is set. Raises `UsageError`
        for a bad scope, mode or reason, the refusals of `lift`, and the store's own errors.
        """
        request.caller.require(Permission.TIGHTEN)
        return await self._carry_out(mode, scope, request, lasting, code)

    async def lift(self, *, scope: str, request: ChangeRequest, code: str | None = None) -> ControlOutcome:
        """Lift what is set for a scope, so that policy alone decides; wider scopes may still restrict it.

        Needs `control:loosen`, an operator, and the second factor's `code`. Raises `ForbiddenError`,
        `SecondFactorError`, and `RefusedError` for a FROZEN where there is no second factor.
        """
        request.caller.require(Permission.LOOSEN)
        return await self._carry_out(Mode.ACTIVE, scope, request, None, code)

    async def _carry_out(
        self,
        mode: Mode,
        scope: str,
        request: ChangeRequest,
        lasting: timedelta | None,
        code: str | None,
    ) -> ControlOutcome:
        request.check()
        writer = self._writer
        order = ControlOrder(scope, mode, request, writer.now(), writer.new_id(), lasting)
        question = Question(request, f"control {scope} {mode} {lasting}")
        # Asked before the second factor: its code was used up by the first request.
        if (earlier := await writer.earlier(question, ControlOutcome)) is not None:
            return earlier
        if mode is Mode.ACTIVE:
            # What was set straight in Redis a moment ago is lifted with the rest, instead of being adopted afterwards.
            await writer.catch_up()
        change = decide_control(await writer.store.read(), order)
        may_loosen = await self._may_loosen(change, order, code)

        def decide(stored: StoredPolicy) -> ControlChange:
            decided = decide_control(stored, order)
            # A restriction that came after this was looked at is not lifted unseen, whoever imposed it.
            if decided.laxer and not (may_loosen and decided.outcome.before == change.outcome.before):
                raise ConflictError(f"{scope} was restricted otherwise meanwhile: look at it and decide again")
            return decided

        return await writer.write(question, ControlOutcome, decide)

    async def _may_loosen(self, change: ControlChange, order: ControlOrder, code: str | None) -> bool:
        needs_proof = change.laxer or (order.mode is Mode.FROZEN and change.write is not None)
        if not needs_proof:
            return False
        if self._second_factor is None:
            _refuse_unverified(change, order)
            return True
        caller = order.request.caller
        if order.mode is not Mode.FROZEN:
            caller.require(Permission.LOOSEN)
        if caller.kind is not CallerClass.OPERATOR:
            raise ForbiddenError(f"{_what(change, order)}, which is an operator's to do, not an {caller.kind}'s")
        await self._second_factor.verify(code, caller=caller.name)
        return True


def _refuse_unverified(change: ControlChange, order: ControlOrder) -> None:
    if order.mode is Mode.FROZEN:
        raise RefusedError("FROZEN takes a second factor, which needs the authority: set MONGODB_URI")
    if change.is_frozen:
        raise RefusedError(
            f"{order.scope} is FROZEN, and letting more pass takes a second factor, which needs the authority: set "
            "MONGODB_URI. Positions can be closed with canary meanwhile"
        )


def _what(change: ControlChange, order: ControlOrder) -> str:
    if order.mode is Mode.FROZEN:
        return "FROZEN stops even closing"
    was = ", ".join(entry.mode for entry in change.outcome.before)
    return f"this lets more pass on {order.scope} than {was} does"
