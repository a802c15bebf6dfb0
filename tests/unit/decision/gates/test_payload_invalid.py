from cio_decision.gates import payload_invalid
from petrosa_contracts import Code


def test_the_breach_carries_what_was_measured_and_no_policy_scope() -> None:
    breach = payload_invalid.breach("Too large.", measured=70_000, limit=65_536, unit="bytes")
    assert (breach.code, breach.gate) == (Code.PAYLOAD_INVALID, "payload_invalid")
    assert (breach.measured, breach.limit, breach.unit) == (70_000, 65_536, "bytes")
    assert (breach.scope, breach.version) == (None, None)
    assert breach.message == "Too large."
