import pytest

from devstack.exchange.clock import Clock, machine_time

HOUR = 3_600_000


def test_a_time_that_stood_runs_with_the_machine_once_it_is_let() -> None:
    clock = Clock(start=machine_time() - HOUR)
    stood = clock.now
    assert clock.now == stood
    clock.run()
    assert clock.now == pytest.approx(machine_time(), abs=1000)


def test_a_time_that_is_ahead_runs_on_from_there() -> None:
    clock = Clock(start=machine_time(), moved=HOUR)
    stood = clock.now
    clock.run()
    assert stood <= clock.now < stood + HOUR


def test_a_time_that_runs_goes_on_as_before() -> None:
    clock = Clock(moved=HOUR)
    before = clock.now
    clock.run()
    assert clock.now == pytest.approx(before, abs=1000)
    assert clock.now >= before
