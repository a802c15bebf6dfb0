from collections.abc import MutableMapping
from typing import Any

import pytest

from tests.builders import intent
from tests.wiring import WiredGate, codes_of


async def test_a_signal_that_nobody_took_is_undone_so_that_it_may_be_sent_again() -> None:
    gate = await WiredGate.started()
    gate.transport.engine = None
    (first,) = await gate.decide(intent())
    await gate.transport.flush()
    assert first.approved
    assert gate.world.holder(intent().identity) is None
    assert gate.metrics.signals == {"published": 1, "undelivered": 1}
    assert codes_of(await gate.decide(intent())) == [None]


async def test_while_the_store_is_away_it_is_undone_in_memory() -> None:
    gate = await WiredGate.started()
    gate.transport.engine = None
    gate.world.stop()
    await gate.decide(intent())
    await gate.transport.flush()
    assert codes_of(await gate.decide(intent())) == [None]


async def test_a_signal_that_was_taken_stays_approved() -> None:
    gate = await WiredGate.started()
    await gate.decide(intent())
    await gate.transport.flush()
    assert gate.halts.reasons() == ()
    assert codes_of(await gate.decide(intent())) == ["INTENT_DUPLICATE"]


async def test_it_is_an_error_in_the_log(log_events: list[MutableMapping[str, Any]]) -> None:
    gate = await WiredGate.started()
    log_events.clear()
    await gate.delivery.undelivered("d" * 32)
    assert [(event["event"], event["log_level"]) for event in log_events] == [
        ("silent_halt_began", "error"),
        ("signal_undelivered", "error"),
    ]
    assert log_events[1]["decision_id"] == "d" * 32


@pytest.mark.parametrize(
    ("data", "status", "logged"),
    [
        (b'{"status": "processed", "signal_id": "x", "result": {}}', "processed", False),
        (b'{"status": "error", "error": "bad signal"}', "error", True),
        (b'{"status": "asleep"}', "unreadable", True),
        (b"{}", "unreadable", True),
        (b"", "unreadable", True),
        (b"[]", "unreadable", True),
        (b"\xff", "unreadable", True),
        (b'{"status": 5}', "unreadable", True),
        (b'{"status": "error", "error": {"nested": 1}}', "unreadable", True),
    ],
)
async def test_an_engines_reply_is_counted_and_anything_but_success_is_logged(
    data: bytes, status: str, logged: bool, log_events: list[MutableMapping[str, Any]]
) -> None:
    gate = WiredGate()
    gate.delivery.engine_replied("d" * 32, data)
    assert gate.metrics.engine_replies == {status: 1}
    assert ([event["event"] for event in log_events] == ["engine_refused_signal"]) is logged
