from cio_decision.gates import overloaded
from petrosa_contracts import Code


def test_the_breach_says_how_many_wait_and_where() -> None:
    breach = overloaded.breach(waiting=900, capacity=900, queue="the lane of BTCUSDT")
    assert (breach.code, breach.gate, breach.unit) == (Code.OVERLOADED, "overloaded", "intents")
    assert (breach.measured, breach.limit) == (900, 900)
    assert "900 intents already wait in the lane of BTCUSDT" in breach.message
