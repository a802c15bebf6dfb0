"""Ways for the exchange to be away, which the control side is spared."""

from dataclasses import dataclass
from enum import StrEnum

from devstack.exchange.refusals import TOO_MANY_REQUESTS

BANNED = 418
SERVICE_UNAVAILABLE = 503


class OutageMode(StrEnum):
    """What requests meet: a connection that breaks, one that stays silent, or an error."""

    REFUSE = "refuse"
    HANG = "hang"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage that lasts until it is ended; `status` is the HTTP status of an error."""

    mode: OutageMode
    status: int = SERVICE_UNAVAILABLE

    @property
    def body(self) -> dict[str, object]:
        """The error body that goes with the status."""
        if self.status in {TOO_MANY_REQUESTS, BANNED}:
            return {"code": -1003, "msg": "Too many requests; please use the websocket for live updates."}
        return {"code": -1001, "msg": "Internal error; unable to process your request. Please try again."}
