import fcntl
import resource
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cio_nurse.adapters.journal import FileJournal
from cio_nurse.errors import JournalError
from cio_nurse.ports import JournalEntry

LARGE = 1_000_000

Open = Callable[..., FileJournal]


@pytest.fixture
def journal_of(tmp_path: Path) -> Iterator[Open]:
    """Make journals in one folder; they are closed at the end."""
    made: list[FileJournal] = []

    def make(instance: str, *, folder: Path = tmp_path, max_bytes: int = LARGE) -> FileJournal:
        made.append(FileJournal(folder, instance, max_bytes=max_bytes))
        return made[-1]

    yield make
    for journal in made:
        journal.close()


@pytest.fixture
def before_next_lock(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Have something happen once, between the next opening of a file and its locking: what another gate does."""

    def arrange(happens: Callable[[], Any]) -> None:
        lock = fcntl.flock

        def lock_late(file: Any, operation: int) -> None:
            monkeypatch.setattr(fcntl, "flock", lock)
            happens()
            lock(file, operation)

        monkeypatch.setattr(fcntl, "flock", lock_late)

    return arrange


@contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    """Have this process write no file beyond so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def entry(number: int) -> JournalEntry:
    return JournalEntry(f"id-{number}", "cio.record.decision.a", b"\x00\xff %d" % number)


def entries(*numbers: int) -> list[JournalEntry]:
    return [entry(number) for number in numbers]


def test_what_is_written_comes_out_in_order(journal_of: Open) -> None:
    journal = journal_of("nurse-1")
    assert journal.open() == 0
    journal.append(entries(1, 2))
    journal.append(entries(3))
    assert journal.oldest(2) == entries(1, 2)
    journal.forget(2)
    assert journal.oldest(10) == entries(3)


def test_a_journal_that_is_delivered_is_empty_and_goes_on(journal_of: Open, tmp_path: Path) -> None:
    journal = journal_of("nurse-1")
    journal.append(entries(1, 2))
    journal.forget(2)
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [0]
    journal.append(entries(3))
    assert journal.oldest(10) == entries(3)
    journal.forget(1)
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_made_is_its_owner_s_alone(journal_of: Open, tmp_path: Path) -> None:
    journal_of("nurse-1", folder=tmp_path / "gates" / "one").append(entries(1))
    assert (tmp_path / "gates" / "one").stat().st_mode & 0o777 == 0o700


def test_a_gate_takes_over_what_dead_ones_left_behind(journal_of: Open, tmp_path: Path) -> None:
    dead = journal_of("nurse-1")
    dead.append(entries(1, 2))
    dead.close()
    heir = journal_of("nurse-2")
    assert heir.open() == 2
    assert heir.oldest(10) == entries(1, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["nurse-2.journal"]


def test_the_journal_of_a_living_gate_is_left_alone(journal_of: Open) -> None:
    alive = journal_of("nurse-1")
    alive.append(entries(1))
    assert journal_of("nurse-2").open() == 0
    assert alive.oldest(10) == entries(1)


def test_what_another_gate_removes_before_it_is_locked_is_made_again(
    journal_of: Open, before_next_lock: Callable[[Callable[[], Any]], None]
) -> None:
    early = journal_of("nurse-2")
    before_next_lock(early.open)
    late = journal_of("nurse-1")
    late.append(entries(1))
    late.close()
    assert journal_of("nurse-3").open() == 1


def test_a_journal_that_lives_again_before_it_is_locked_is_left_alone(
    journal_of: Open, before_next_lock: Callable[[Callable[[], Any]], None]
) -> None:
    dead = journal_of("nurse-1")
    dead.append(entries(1))
    dead.close()
    alive, quick, slow = journal_of("nurse-1"), journal_of("nurse-2"), journal_of("nurse-3")

    def meanwhile() -> None:
        assert quick.open() == 1
        alive.append(entries(2))

    before_next_lock(meanwhile)
    assert slow.open() == 0
    alive.close()
    assert journal_of("nurse-4").open() == 1


def test_an_empty_journal_is_removed_before_a_gate_of_the_same_name_can_have_it(
    journal_of: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = journal_of("nurse-1"), journal_of("nurse-1")
    first.append(entries(1))
    first.forget(1)
    unlink = Path.unlink

    def unlink_late(path: Path, missing_ok: bool = False) -> None:
        monkeypatch.setattr(Path, "unlink", unlink)
        with pytest.raises(JournalError):
            second.append(entries(2))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink_late)
    first.close()
    second.append(entries(2))
    second.close()
    assert journal_of("nurse-1").oldest(10) == entries(2)


def test_a_gate_of_the_same_name_goes_on_with_its_own(journal_of: Open) -> None:
    first = journal_of("nurse/1")
    first.append(entries(1))
    first.close()
    assert journal_of("nurse/1").open() == 1


def test_a_line_that_was_half_written_is_left_out(journal_of: Open, tmp_path: Path) -> None:
    journal = journal_of("nurse-1")
    journal.append(entries(1, 2))
    journal.close()
    path = tmp_path / "nurse-1.journal"
    path.write_bytes(path.read_bytes()[:-5])
    again = journal_of("nurse-1")
    assert again.open() == 1
    again.append(entries(3))
    assert again.oldest(10) == entries(1, 3)


def test_what_a_dead_gate_had_half_written_is_said(journal_of: Open, tmp_path: Path, log_events: list[Any]) -> None:
    dead = journal_of("nurse-1")
    dead.append(entries(1, 2))
    dead.close()
    path = tmp_path / "nurse-1.journal"
    path.write_bytes(path.read_bytes()[:-5])
    assert journal_of("nurse-2").open() == 1
    assert [line["event"] for line in log_events] == ["journal_line_unreadable", "journal_taken_over"]


def test_a_last_line_that_lacks_its_end_alone_is_taken_over(journal_of: Open, tmp_path: Path) -> None:
    dead = journal_of("nurse-1")
    dead.append(entries(1, 2))
    dead.close()
    path = tmp_path / "nurse-1.journal"
    path.write_bytes(path.read_bytes()[:-1])
    journal = journal_of("nurse-2")
    journal.open()
    journal.append(entries(3))
    assert journal.oldest(10) == entries(1, 2, 3)


def test_a_full_journal_says_so_and_keeps_what_it_has(journal_of: Open) -> None:
    journal = journal_of("nurse-1", max_bytes=200)
    journal.append(entries(1))
    with pytest.raises(JournalError, match="200 bytes"):
        journal.append(entries(2, 3))
    assert journal.oldest(10) == entries(1)


def test_what_finds_no_room_is_left_for_the_next_gate(journal_of: Open) -> None:
    dead = journal_of("nurse-1")
    dead.append(entries(1, 2))
    dead.close()
    small = journal_of("nurse-2", max_bytes=150)
    small.append(entries(3))
    small.close()
    again = journal_of("nurse-2", max_bytes=150)
    assert again.open() == 1
    assert again.oldest(10) == entries(3)
    assert journal_of("nurse-3").open() == 2


def test_what_a_full_disk_took_in_part_is_taken_back(journal_of: Open) -> None:
    journal, large = journal_of("nurse-1"), JournalEntry("large", "cio.record.decision.a", b"x" * 20_000)
    journal.append(entries(1))
    with files_of_at_most(10_000):
        for refused in ([large], [large, entry(2)]):
            with pytest.raises(JournalError, match="cannot be written"):
                journal.append(refused)
    journal.append(entries(3))
    assert journal.oldest(10) == entries(1, 3)


def test_a_folder_that_cannot_be_written_is_an_error_of_ours_and_said_at_once(
    journal_of: Open, tmp_path: Path, log_events: list[Any]
) -> None:
    (tmp_path / "file").write_text("no folder")
    journal = journal_of("nurse-1", folder=tmp_path / "file")
    assert journal.open() == 0
    assert [line["event"] for line in log_events] == ["journal_unusable"]
    with pytest.raises(JournalError, match="cannot be written"):
        journal.append(entries(1))
