"""PAYLOAD_INVALID: what cannot be read without guessing is refused."""

from cio_decision.breaches import Measure, built_in_breach
from petrosa_contracts import Breach, Code


def breach(message: str, *, measured: Measure = None, limit: Measure = None, unit: str = "payload") -> Breach:
    """Return the breach of a payload that the gate cannot read.

    Found while decoding: too large, too deep, not JSON, a repeated key, a number that is not finite or beyond what
    JSON readers agree on, a missing field, an unknown value, a price that is not positive. Nothing is exempt: an exit
    that the engine cannot read would be lost in silence.
    """
    return built_in_breach(Code.PAYLOAD_INVALID, measured=measured, limit=limit, unit=unit, message=message)
