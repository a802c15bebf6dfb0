import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import symbol_not_allowed
from petrosa_contracts import Code
from tests.builders import breached, context, intent, passes, policy


def test_a_listed_symbol_passes() -> None:
    allowed = context(policy=policy(allowed_symbols=["ETHUSDT", "BTCUSDT"]))
    assert passes(symbol_not_allowed.check(intent(), allowed))


def test_an_empty_list_allows_every_symbol() -> None:
    assert passes(symbol_not_allowed.check(intent(symbol="ANYUSDT"), context(policy=policy(allowed_symbols=[]))))


def test_an_unlisted_symbol_is_vetoed_and_the_list_is_named() -> None:
    allowed = context(policy=policy(scope="strategy:momentum_v1", version=5, allowed_symbols=["ETHUSDT", "SOLUSDT"]))
    breach = breached(symbol_not_allowed.check(intent(), allowed))
    assert (breach.code, breach.measured, breach.limit) == (Code.SYMBOL_NOT_ALLOWED, "BTCUSDT", "ETHUSDT, SOLUSDT")
    assert (breach.scope, breach.version) == ("strategy:momentum_v1", 5)
    assert "BTCUSDT" in breach.message
    assert "ETHUSDT, SOLUSDT" in breach.message


def test_a_symbol_that_only_begins_alike_is_not_listed() -> None:
    assert symbol_not_allowed.check(intent(symbol="BTCUSDTX"), context(policy=policy(allowed_symbols=["BTCUSDT"])))


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    assert evaluate(intent(action=action), context(policy=policy(allowed_symbols=["ETHUSDT"]))).approved


@pytest.mark.parametrize(("length", "end"), [(10, "COIN9USDT."), (11, "COIN9USDT, …."), (50, "COIN9USDT, ….")])
def test_a_long_list_is_cut_in_the_message(length: int, end: str) -> None:
    many = [f"COIN{number}USDT" for number in range(length)]
    breach = breached(symbol_not_allowed.check(intent(), context(policy=policy(allowed_symbols=many))))
    assert breach.message.endswith(end)
