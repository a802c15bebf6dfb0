"""How long it takes until many positions are proved flat."""

import time

import pytest

from canary.clock import SystemClock
from canary.result import Verdict
from canary.session import open_session
from canary.simulator.exchange import SimulatedExchange
from canary.simulator.server import SimulatorServer
from canary.transport import HttpTransport
from tests.canary_accounts import CREDENTIALS, book, rest


@pytest.mark.slow
def test_fifty_positions_and_two_hundred_orders_are_proved_flat_in_ten_seconds_within_the_limits() -> None:
    account = book({(f"COIN{number}USDT", "BOTH"): "2" if number % 2 else "-3" for number in range(50)})
    for number in range(200):
        rest(account, f"COIN{number % 50}USDT", "1", conditional=number % 3 == 0)
    exchange = SimulatedExchange(account, CREDENTIALS, SystemClock(), latency=0.05)
    with SimulatorServer(exchange) as server:
        started = time.perf_counter()
        with open_session(
            HttpTransport(server.url), CREDENTIALS, clock=SystemClock(), log=None, say=lambda _: None
        ) as session:
            result = session.close_all(session.examine(), seconds=60)
            took = time.perf_counter() - started
            used = session.caller.pacer.limits.weight.used
    print(f"{took:.2f} s, {session.caller.requests} requests, weight {used} of 2400")
    assert result.verdict is Verdict.FLAT
    assert not account.open_positions()
    assert took < 10
    assert used < 2400
