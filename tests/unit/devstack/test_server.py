import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import devstack.server
from devstack import NotInstalledError, NotRunningError, PortTakenError, StartError, StartTimeoutError
from devstack.ports import ReservedPort
from devstack.server import start_together
from tests.unit.devstack.parrot import AbsentParrot, FailingParrot, Parrot, SilentParrot, StubbornParrot


@pytest.fixture
def occupied_port() -> Iterator[int]:
    """A port where somebody else answers like the server would."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    peer.sendall(b"pieces of eight\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_started_server_answers_and_tells_about_itself(tmp_path: Path) -> None:
    with Parrot(tmp_path) as parrot:
        assert parrot.running
        assert parrot.probe() == parrot.version == "8"
        assert parrot.pid > 1
        assert parrot.start_seconds is not None
        assert parrot.start_seconds > 0
        assert parrot.log_tail() == "listening"
    assert not parrot.running


def test_starting_twice_keeps_the_first_process(tmp_path: Path) -> None:
    with Parrot(tmp_path) as parrot:
        first = parrot.pid
        parrot.start()
        assert parrot.pid == first


def test_the_port_stays_the_same_after_stop_and_after_kill(tmp_path: Path) -> None:
    with Parrot(tmp_path) as parrot:
        port, first = parrot.port, parrot.pid
        parrot.stop()
        parrot.start()
        second = parrot.pid
        parrot.kill()
        parrot.start()
        assert parrot.port == port
        assert len({first, second, parrot.pid}) == 3


def test_nobody_is_given_the_port_of_a_stopped_server(tmp_path: Path) -> None:
    with Parrot(tmp_path) as parrot:
        parrot.stop()
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", parrot.port))


def test_stopping_ends_a_paused_server(tmp_path: Path) -> None:
    with Parrot(tmp_path, stop_grace=60) as parrot:
        parrot.pause()
        parrot.stop()
        assert not parrot.running


def test_a_paused_server_does_not_answer_until_it_is_resumed(tmp_path: Path) -> None:
    with Parrot(tmp_path) as parrot:
        parrot.pause()
        assert parrot.running
        with pytest.raises(TimeoutError):
            parrot.probe()
        parrot.resume()
        assert parrot.probe() == "8"


def test_a_server_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    with StubbornParrot(tmp_path, stop_grace=0.1) as parrot:
        parrot.stop()
        assert not parrot.running


def test_stopping_and_killing_what_does_not_run_does_nothing(tmp_path: Path) -> None:
    parrot = Parrot(tmp_path)
    parrot.stop()
    parrot.kill()
    parrot.request_stop()
    assert not parrot.running


@pytest.mark.parametrize("ask", [lambda p: p.pid, lambda p: p.port, lambda p: p.url, lambda p: p.pause()])
def test_what_only_a_running_server_has_is_refused_before_the_start(tmp_path: Path, ask) -> None:
    with pytest.raises(NotRunningError, match=r"parrot .*start it first"):
        ask(Parrot(tmp_path))


def test_a_missing_program_names_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(NotInstalledError, match=r"parrot-server is not installed[^$]*pip install parrot-wheel"):
        AbsentParrot(tmp_path).start()


def test_a_program_that_cannot_be_executed_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"parrot did not start: its program cannot be run .*No such file"):
        Parrot(tmp_path, executable=tmp_path / "nowhere").start()


def test_a_server_that_ends_at_once_shows_its_exit_code_and_log(tmp_path: Path) -> None:
    parrot = FailingParrot(tmp_path)
    with pytest.raises(StartError, match="exit code 3") as caught:
        parrot.start()
    assert caught.value.log_tail == "no seeds left"
    assert "no seeds left" in str(caught.value)
    assert not parrot.running


def test_a_folder_that_cannot_be_made_is_a_start_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StartError, match="its files or its process cannot be made"):
        Parrot(file / "below").start()


def test_a_server_that_does_not_answer_in_time_is_ended(tmp_path: Path) -> None:
    parrot = SilentParrot(tmp_path, start_timeout=0.2)
    with pytest.raises(StartTimeoutError, match=r"did not answer within 0\.2 s"):
        parrot.start()
    assert not parrot.running


def test_a_chosen_port_that_is_taken_is_refused(tmp_path: Path, occupied_port: int) -> None:
    with pytest.raises(PortTakenError, match=f"port {occupied_port} cannot be used"):
        Parrot(tmp_path, port=occupied_port).start()


class Occupied(ReservedPort):
    """A port that was free when it was asked for, and has been lost since."""

    def __init__(self, number: int) -> None:
        self.number = number

    def release(self) -> None:
        pass


def test_a_lost_race_for_a_free_port_is_run_again_with_another(tmp_path: Path, occupied_port: int, monkeypatch) -> None:
    offered: list[ReservedPort] = [Occupied(occupied_port), ReservedPort()]
    monkeypatch.setattr(devstack.server, "ReservedPort", lambda _number=0: offered.pop(0))
    with Parrot(tmp_path) as parrot:
        assert parrot.port != occupied_port
        assert offered == []


class OvertakenParrot(Parrot):
    """At its first launch somebody else begins to listen between our look at the port and the server's own."""

    stranger: socket.socket | None = None

    def command(self, program: Path) -> list[str]:
        if self.stranger is None:
            self.stranger = socket.create_server(("127.0.0.1", self.port))
        return super().command(program)


def test_a_server_that_is_overtaken_while_it_starts_gets_another_port(tmp_path: Path) -> None:
    with OvertakenParrot(tmp_path) as parrot:
        assert parrot.stranger is not None
        assert parrot.port != parrot.stranger.getsockname()[1]
        assert "in use" in parrot.log_tail()
        parrot.stranger.close()


def test_losing_every_race_for_a_port_ends_in_an_error(tmp_path: Path, occupied_port: int, monkeypatch) -> None:
    monkeypatch.setattr(devstack.server, "ReservedPort", lambda _number=0: Occupied(occupied_port))
    parrot = Parrot(tmp_path)
    with pytest.raises(PortTakenError, match=f"another process listens on port {occupied_port}"):
        parrot.start()
    assert not parrot.running


def test_a_known_port_that_was_taken_while_stopped_is_refused_rather_than_changed(tmp_path: Path) -> None:
    parrot = Parrot(tmp_path)
    parrot.start()
    parrot.stop()
    with (
        socket.create_server(("127.0.0.1", parrot.port)),
        pytest.raises(PortTakenError, match=f"another process listens on port {parrot.port}"),
    ):
        parrot.start()


def test_when_one_of_several_fails_none_is_left_running(tmp_path: Path) -> None:
    sound, failing = Parrot(tmp_path / "a"), FailingParrot(tmp_path / "b")
    with pytest.raises(StartError, match="exit code 3"):
        start_together([sound, failing])
    assert not sound.running


def test_all_missing_programs_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(NotInstalledError) as caught:
        start_together([AbsentParrot(tmp_path / "a"), Parrot(tmp_path / "b"), AbsentParrot(tmp_path / "c")])
    assert len(caught.value.__notes__) == 1


def test_the_log_tail_is_the_last_lines_only(tmp_path: Path) -> None:
    parrot = Parrot(tmp_path)
    assert parrot.log_tail() == ""
    parrot.log_path.write_text("".join(f"line {number}\n" for number in range(10_000)))
    assert parrot.log_tail(2) == "line 9998\nline 9999"
