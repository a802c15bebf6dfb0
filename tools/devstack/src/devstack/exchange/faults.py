"""Faults that meet single requests, as often as a script asked for."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What a request meets: a refusal, a broken connection before or after it is carried out, or an error after."""

    REFUSE = "refuse"
    BREAK_BEFORE = "break-before"
    BREAK_AFTER = "break-after"
    ERROR_AFTER = "error-after"


@dataclass(slots=True)
class Fault:
    """Meets the next `times` requests of this method, path and symbol; what is empty fits all.

    `code`, `message` and `status` are what a refusal or an error answers.
    """

    kind: FaultKind
    method: str = ""
    path: str = ""
    symbol: str = ""
    times: int = 1
    code: int = -1001
    message: str = "Internal error; unable to process your request. Please try again."
    status: int = 400

    @property
    def body(self) -> dict[str, object]:
        """The error body, `{code, msg}`."""
        return {"code": self.code, "msg": self.message}

    @property
    def after(self) -> bool:
        """Whether the request is carried out all the same."""
        return self.kind in {FaultKind.BREAK_AFTER, FaultKind.ERROR_AFTER}

    @property
    def breaks(self) -> bool:
        """Whether the connection ends without an answer."""
        return self.kind in {FaultKind.BREAK_BEFORE, FaultKind.BREAK_AFTER}

    def takes(self, method: str, path: str, symbol: str) -> bool:
        """Return whether it meets this request, and count it."""
        fits = self.method in {"", method} and self.path in {"", path} and self.symbol in {"", symbol}
        if not fits or self.times <= 0:
            return False
        self.times -= 1
        return True
