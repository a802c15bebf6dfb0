import gc
import socket

import pytest

from devstack.ports import ReservedPort, is_listened_on


def test_a_server_can_listen_on_a_reserved_port() -> None:
    reserved = ReservedPort()
    assert not is_listened_on(reserved.number)
    with socket.create_server(("127.0.0.1", reserved.number)):
        assert is_listened_on(reserved.number)


def test_reserved_ports_differ() -> None:
    reserved = [ReservedPort() for _ in range(50)]
    assert len({port.number for port in reserved}) == 50


def test_a_port_somebody_listens_on_cannot_be_reserved() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(OSError, match="in use"):
        ReservedPort(listener.getsockname()[1])


def test_a_released_port_is_free_for_others() -> None:
    reserved = ReservedPort()
    reserved.release()
    reserved.release()
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", reserved.number))


def test_a_forgotten_reservation_is_given_back() -> None:
    number = ReservedPort().number
    gc.collect()
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", number))
