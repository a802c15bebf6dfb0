import pytest

from cio_nurse.errors import TransportUnavailableError
from tests.fakes import eventually
from tests.ports.worlds import Bus

SIGNALS = "signals.trading"
A, B = ("a" * 32, "b" * 32)


async def test_nothing_leaves_before_the_connection_stands(bus: Bus) -> None:
    assert not bus.transport.connected
    with pytest.raises(TransportUnavailableError):
        await bus.transport.publish("seen", b"early")
    with pytest.raises(TransportUnavailableError):
        await bus.transport.publish_signal(SIGNALS, b"early", A)
    with pytest.raises(TransportUnavailableError):
        await bus.transport.flush()
    await bus.connect()
    await bus.settle()
    assert bus.transport.connected
    assert bus.seen("seen") == []


async def test_messages_arrive_byte_for_byte_and_in_order(bus: Bus) -> None:
    await bus.connect()
    for number in range(200):
        await bus.transport.publish("seen", f"{number} \u00fc".encode())
    await bus.settle()
    assert [message.payload for message in bus.seen("seen")] == [f"{number} \u00fc".encode() for number in range(200)]


async def test_headers_arrive_where_there_are_some(bus: Bus) -> None:
    await bus.connect()
    await bus.transport.publish("seen", b"with", headers={"traceparent": "00-x", "tracestate": "a=b, c=d"})
    await bus.transport.publish("seen", b"without")
    await bus.settle()
    assert [message.headers for message in bus.seen("seen")] == [
        {"traceparent": "00-x", "tracestate": "a=b, c=d"},
        None,
    ]


async def test_a_message_to_nobody_is_no_trouble(bus: Bus) -> None:
    await bus.connect()
    await bus.transport.publish("nobody.listens", b"")
    await bus.settle()
    assert (bus.reports.undelivered_signals, bus.reports.replies) == ([], [])


async def test_a_signal_arrives_as_it_was_published(bus: Bus) -> None:
    await bus.connect()
    await bus.engine(reply=None)
    await bus.transport.publish_signal(SIGNALS, b'{"a": 1}', A, headers={"traceparent": "00-x"})
    await bus.settle()
    (signal,) = bus.seen(SIGNALS)
    assert (signal.payload, signal.headers) == (b'{"a": 1}', {"traceparent": "00-x"})
    assert (bus.reports.undelivered_signals, bus.reports.replies) == ([], [])


async def test_signals_that_nobody_takes_are_reported_by_their_decisions(bus: Bus) -> None:
    await bus.connect()
    await bus.transport.publish_signal(SIGNALS, b"{}", A)
    await bus.transport.publish_signal(SIGNALS, b"{}", B)
    await bus.settle()
    await eventually(lambda: bus.reports.undelivered_signals == [A, B])


async def test_an_engines_reply_is_handed_on_with_the_decision(bus: Bus) -> None:
    await bus.connect()
    await bus.engine(reply=b'{"status": "processed"}')
    await bus.transport.publish_signal(SIGNALS, b"{}", A)
    await bus.settle()
    await eventually(lambda: bus.reports.replies == [(A, b'{"status": "processed"}')])
    assert bus.reports.undelivered_signals == []


async def test_without_the_server_nothing_is_taken_and_nothing_leaves_late(bus: Bus) -> None:
    await bus.connect()
    await bus.transport.publish("seen", b"before")
    await bus.settle()
    await bus.lose_server()
    with pytest.raises(TransportUnavailableError):
        await bus.transport.publish("seen", b"meanwhile")
    with pytest.raises(TransportUnavailableError):
        await bus.transport.publish_signal(SIGNALS, b"meanwhile", A)
    with pytest.raises(TransportUnavailableError):
        await bus.transport.flush()
    await bus.bring_server_back()
    await bus.transport.publish("seen", b"after")
    await bus.settle()
    assert [message.payload for message in bus.seen("seen")] == [b"before", b"after"]


async def test_signals_are_followed_after_an_outage_too(bus: Bus) -> None:
    await bus.connect()
    await bus.lose_server()
    await bus.bring_server_back()
    await bus.transport.publish_signal(SIGNALS, b"{}", B)
    await bus.settle()
    await eventually(lambda: bus.reports.undelivered_signals == [B])
