import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import devstack

KEEPER = Path(devstack.__file__).with_name("_keeper.py")


class Keeper:
    def __init__(self, parent: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", KEEPER, str(parent)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.lifeline = self.process.stdin
        self.word, _, self.rest = self.process.stdout.readline().decode().rstrip().partition(" ")


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path)
    with keeper.process:
        yield keeper


def test_the_folder_goes_with_the_lifeline(keeper: Keeper, tmp_path: Path) -> None:
    assert keeper.word == "folder"
    folder = Path(keeper.rest)
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "redis").mkdir()
    (folder / "redis" / "dump").write_text("keys")
    keeper.lifeline.close()
    assert keeper.process.wait(10) == 0
    assert not folder.exists()


def test_the_folder_stays_while_anybody_holds_the_lifeline(keeper: Keeper) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"], pass_fds=[keeper.lifeline.fileno()]
    )
    with holder:
        keeper.lifeline.close()
        with pytest.raises(subprocess.TimeoutExpired):
            keeper.process.wait(0.2)
        assert Path(keeper.rest).is_dir()
        holder.kill()
    assert keeper.process.wait(10) == 0
    assert not Path(keeper.rest).exists()


def test_signals_do_not_remove_the_folder_early(keeper: Keeper) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        keeper.process.send_signal(number)
    with pytest.raises(subprocess.TimeoutExpired):
        keeper.process.wait(0.2)
    assert Path(keeper.rest).is_dir()


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "nowhere")
    with keeper.process:
        assert keeper.word == "error"
        assert "nowhere" in keeper.rest
        assert keeper.process.wait(10) == 1
