"""Where the key comes from, and what the encrypted file withstands."""

import json
from pathlib import Path

import pytest

from canary import vault
from canary.caller import Credentials
from canary.credentials import find_credentials, open_file, write_file
from canary.errors import RefusedError

PASSPHRASE = "correct horse battery"
CREDENTIALS = Credentials("some-key", "some-secret")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault, "SCRYPT_N", 2**10)


def nobody(_: str) -> str:
    raise AssertionError("nobody is to be asked")


def test_an_encrypted_file_gives_back_what_was_sealed(tmp_path: Path) -> None:
    file = tmp_path / "key.sealed"
    write_file(file, CREDENTIALS, PASSPHRASE)
    assert open_file(file, PASSPHRASE) == CREDENTIALS
    assert file.stat().st_mode & 0o077 == 0
    assert "some-" not in file.read_text()


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "key.sealed"
    file.write_text("precious")
    with pytest.raises(RefusedError, match="exists already"):
        write_file(file, CREDENTIALS, PASSPHRASE)
    assert file.read_text() == "precious"


def test_a_wrong_passphrase_is_told_and_gives_nothing(tmp_path: Path) -> None:
    file = tmp_path / "key.sealed"
    write_file(file, CREDENTIALS, PASSPHRASE)
    with pytest.raises(RefusedError, match="wrong passphrase"):
        open_file(file, PASSPHRASE + "!")


@pytest.mark.parametrize("field", ["salt", "cipher", "tag"])
def test_a_changed_file_is_not_believed(field: str) -> None:
    fields = json.loads(vault.seal(b"text", PASSPHRASE))
    first = "B" if fields[field][0] == "A" else "A"
    fields[field] = first + fields[field][1:]
    with pytest.raises(RefusedError, match="was changed"):
        vault.unseal(json.dumps(fields), PASSPHRASE)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"format": 1}', '{"format": "x", "salt": "", "cipher": "", "tag": ""}']
)
def test_what_is_no_sealed_file_is_refused(content: str) -> None:
    with pytest.raises(RefusedError):
        vault.unseal(content, PASSPHRASE)


def test_the_same_text_is_never_sealed_the_same_way() -> None:
    first, second = (json.loads(vault.seal(b"x" * 100, PASSPHRASE)) for _ in range(2))
    assert first["salt"] != second["salt"]
    assert first["cipher"] != second["cipher"]


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(RefusedError, match="at least 12"):
        vault.seal(b"x", "short")


def test_the_environment_is_enough() -> None:
    own = {"CANARY_API_KEY": "a", "CANARY_API_SECRET": "b", "BINANCE_API_KEY": "c", "BINANCE_API_SECRET": "d"}
    assert find_credentials(own, file=None, ask=nobody) == Credentials("a", "b")
    del own["CANARY_API_KEY"], own["CANARY_API_SECRET"]
    assert find_credentials(own, file=None, ask=nobody) == Credentials("c", "d")


def test_a_named_file_wins_over_the_environment_and_asks_for_its_passphrase(tmp_path: Path) -> None:
    file = tmp_path / "key.sealed"
    write_file(file, CREDENTIALS, PASSPHRASE)
    environment = {"CANARY_API_KEY": "a", "CANARY_API_SECRET": "b"}
    assert find_credentials(environment, file=file, ask=lambda _: PASSPHRASE) == CREDENTIALS
    named = {"CANARY_CREDENTIALS": str(file), "CANARY_PASSPHRASE": PASSPHRASE}
    assert find_credentials(named, file=None, ask=nobody) == CREDENTIALS


@pytest.mark.parametrize(
    "environment",
    [{}, {"CANARY_API_KEY": "a"}, {"CANARY_API_KEY": "a", "CANARY_API_SECRET": "tw\no"}],
    ids=["nothing", "half", "two lines"],
)
def test_credentials_that_are_missing_or_odd_are_refused(environment: dict[str, str]) -> None:
    with pytest.raises(RefusedError) as refused:
        find_credentials(environment, file=None, ask=nobody)
    assert "tw" not in str(refused.value)
