"""Secrets that are mounted as files."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cio_strategist.settings import Settings
from tests.unit.strategist.secret_values import SECRET, TOKEN, TOTP_SECRET, value_of

Load = Callable[..., Settings]


def test_secrets_are_read_from_mounted_files(load: Load, tmp_path: Path) -> None:
    (tmp_path / "mongodb_uri").write_text("mongodb://u:s3c@host\n")
    (tmp_path / "strategist_totp_secret").write_text(TOTP_SECRET)
    (tmp_path / "somebody_elses").write_text("x")
    settings = load(STRATEGIST_SECRETS_DIR=str(tmp_path))
    assert value_of(settings, "MONGODB_URI") == "mongodb://u:s3c@host"
    assert value_of(settings, "STRATEGIST_TOTP_SECRET") == TOTP_SECRET


def test_secrets_are_found_where_kubernetes_mounts_them(load: Load, tmp_path: Path) -> None:
    (tmp_path / "..2026_02_25").mkdir()
    (tmp_path / "..2026_02_25" / "strategist_token").write_text(f"{TOKEN}\n")
    (tmp_path / "..data").symlink_to("..2026_02_25")
    (tmp_path / "strategist_token").symlink_to("..data/strategist_token")
    assert value_of(load(STRATEGIST_SECRETS_DIR=str(tmp_path)), "STRATEGIST_TOKEN") == TOKEN


def test_the_environment_wins_over_mounted_files(load: Load, tmp_path: Path) -> None:
    (tmp_path / "redis_url").write_text("redis://file")
    settings = load(STRATEGIST_SECRETS_DIR=str(tmp_path), REDIS_URL="redis://environment")
    assert value_of(settings, "REDIS_URL") == "redis://environment"


def make_unknown(folder: Path) -> None:
    (folder / "strategist_totp_secrt").write_text("x")


def make_wrong(folder: Path) -> None:
    (folder / "strategist_totp_secret").write_text("s3cret")


def make_empty(folder: Path) -> None:
    (folder / "mongodb_uri").write_text("")


def make_folder(folder: Path) -> None:
    (folder / "strategist_token").mkdir()


def make_outside(folder: Path) -> None:
    (folder.parent / "elsewhere").write_text(TOKEN)
    (folder / "strategist_token").symlink_to("../elsewhere")


def make_binary(folder: Path) -> None:
    (folder / "strategist_token").write_bytes(b"\xff\xfe")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (make_unknown, "STRATEGIST_TOTP_SECRT: there is no such setting; was STRATEGIST_TOTP_SECRET meant?"),
        (make_wrong, "STRATEGIST_TOTP_SECRET: must be a base32 secret"),
        (make_empty, "MONGODB_URI: must look like"),
        (make_folder, "STRATEGIST_SECRETS_DIR: .*found a directory instead"),
        (make_outside, "STRATEGIST_SECRETS_DIR: .*resolves outside of"),
        (make_binary, "STRATEGIST_SECRETS_DIR: a file in it is not UTF-8 text"),
    ],
)
def test_a_mounted_secret_that_cannot_be_used_stops_the_start(
    problems: Callable[..., str], tmp_path: Path, make: Callable[[Path], None], problem: str
) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    make(folder)
    text = problems(STRATEGIST_SECRETS_DIR=str(folder))
    assert re.match(problem, text)
    assert SECRET not in text


@pytest.mark.parametrize("name", ["missing", "file"])
def test_a_folder_of_secrets_that_cannot_be_read_stops_the_start(
    problems: Callable[..., str], tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("x")
    text = problems(STRATEGIST_SECRETS_DIR=str(tmp_path / name), STRATEGIST_HTTP_PRT="1")
    assert "STRATEGIST_SECRETS_DIR: it cannot be read: " in text
    assert "STRATEGIST_HTTP_PRT: there is no such setting" in text
