"""Primal limits at the doors: shown, consulted, and defended."""

from collections.abc import Mapping
from typing import Any, NoReturn, cast

from cio_strategist.domain.access.caller import Caller
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.access.thought import LONGEST_REASON
from cio_strategist.domain.policy.loosening import same_value
from cio_strategist.domain.policy.primal_view import view
from cio_strategist.domain.policy.refusal import refusal_of_attempt, touched
from cio_strategist.domain.policy.views import PrimalView
from cio_strategist.errors import PrimalTouchedError
from cio_strategist.service.policy.writer import Writer
from petrosa_contracts import default_parameters, validate_patch
from petrosa_contracts.primal.bounds import Excess, excesses
from petrosa_contracts.primal.file import PrimalStanding

_REFUSAL = (
    "the primal limits are a file that two approvers sign, and no running process can change them, whoever asks: "
    "nothing was written"
)


class PrimalDesk:
    """Shows the hard ceilings, says what would be beyond them, and refuses every attempt to change them.

    They were read when the process started; None: there are none.
    """

    def __init__(self, writer: Writer, standing: PrimalStanding | None) -> None:
        self._writer = writer
        self._standing = standing
        self._view = view(standing)

    def view(self) -> PrimalView:
        """Return the limits as callers see them."""
        return self._view

    def beyond(self, parameters: Mapping[str, Any]) -> tuple[Excess, ...]:
        """Return what of these values, wherever they might be set, is beyond a limit.

        Values that the catalogue refuses and those that only repeat its defaults are passed over.
        """
        if self._standing is None:
            return ()
        wrong = {error.field.partition(".")[0] for error in validate_patch(parameters)}
        valid = {name: value for name, value in parameters.items() if name not in wrong}
        defaults = default_parameters()
        news = {name: value for name, value in valid.items() if not same_value(value, defaults[name])}
        return excesses(news, self._standing.limits)

    async def refuse(self, asked: object, *, caller: Caller, request_id: str | None) -> NoReturn:
        """Refuse and record an attempt to change the limits themselves. Raises `PrimalTouchedError`, always.

        `asked` is what was sent, whatever that is: `{"limits": {…}, "reason": "…"}`, or the limits by name alone.
        """
        sent = cast("dict[str, Any]", asked) if isinstance(asked, dict) else {}
        wanted, reason = sent.get("limits"), sent.get("reason")
        by_name = cast("dict[str, Any]", wanted) if isinstance(wanted, dict) else sent
        reason = reason[:LONGEST_REASON] if isinstance(reason, str) else None
        limits = None if self._standing is None else self._standing.limits
        error = PrimalTouchedError(touched(by_name, limits), _REFUSAL)
        record = refusal_of_attempt(
            error.excesses,
            ChangeRequest(caller, reason=reason, request_id=request_id),
            now=self._writer.now(),
            new_id=self._writer.new_id(),
        )
        await self._writer.record_refusal(error, lambda _: record)
        raise error
