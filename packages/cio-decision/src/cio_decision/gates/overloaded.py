"""OVERLOADED: more intents wait than the gate will hold."""

from cio_decision.breaches import built_in_breach
from petrosa_contracts import Breach, Code


def breach(*, waiting: int, capacity: int, queue: str) -> Breach:
    """Return the breach of an intent for which there is no room.

    Inputs: how many intents wait in its queue and how many may; the comparison waiting >= capacity is made where the
    queue is. Unit: intents. A share of each queue is reserved for risk-reducing intents.
    """
    return built_in_breach(
        Code.OVERLOADED,
        measured=waiting,
        limit=capacity,
        unit="intents",
        message=f"{waiting} intents already wait in {queue}, which holds {capacity}: slow down and send it again.",
    )
