"""`cio-primal` with real keys and signatures."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cio_strategist.primal_cli import app
from petrosa_contracts.primal import BUILT_IN
from petrosa_contracts.primal.file import load
from tests.primal import PrimalFolder, make_folder

ROOT = Path(__file__).parents[3]
runner = CliRunner()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> PrimalFolder:
    return make_folder(tmp_path_factory.mktemp("primal"))


@pytest.fixture
def folder(template: PrimalFolder, tmp_path: Path) -> PrimalFolder:
    """Limits that nobody has signed."""
    return PrimalFolder(Path(shutil.copytree(template.path, tmp_path / "primal")))


def run(command: str, folder: PrimalFolder, *words: str | Path) -> Result:
    return runner.invoke(app, [command, "--file", str(folder.limits), *map(str, words)])


def signed_by(folder: PrimalFolder, name: str, *, key: str | None = None) -> Result:
    return run("sign", folder, "--as", name, "--key", folder.key(key or name))


def test_two_who_sign_make_limits_that_verify_and_hold(folder: PrimalFolder) -> None:
    first = signed_by(folder, "alice")
    assert (first.exit_code, first.stderr) == (0, "")
    assert "5000" in first.stdout
    assert run("verify", folder).exit_code == 1
    assert signed_by(folder, "carol@fund.example").exit_code == 0
    verified = run("verify", folder)
    assert verified.exit_code == 0
    assert "revision 3 is signed" in verified.stdout
    assert "bob                 has not signed" in verified.stdout
    assert load(folder.limits).signed


def test_a_change_after_signing_does_not_verify_and_says_whose_signature_is_void(folder: PrimalFolder) -> None:
    folder.sign("alice", "bob")
    folder.change("leverage = 20", "leverage = 21")
    result = run("verify", folder)
    assert result.exit_code == 1
    assert "Signature verification failed" in result.stdout
    assert "0 good signatures of 2 needed" in result.stderr


@pytest.mark.parametrize(
    ("name", "key", "why"),
    [
        ("stranger", "stranger", "stranger is not listed as approver"),
        ("alice", "stranger", "nobody's on the list: a new key has to be listed first"),
        ("alice", "bob", "The one given is bob's: sign --as bob"),
        ("alice", "missing", "made no signature"),
    ],
)
def test_a_signature_that_would_not_count_is_not_made(folder: PrimalFolder, name: str, key: str, why: str) -> None:
    result = signed_by(folder, name, key=key)
    assert result.exit_code == 1
    assert why in result.stderr
    assert not folder.signature(name).exists()


def test_a_wrong_key_is_named_beside_the_approvers_own(folder: PrimalFolder) -> None:
    own, given = (
        subprocess.run(["ssh-keygen", "-lf", folder.key(name)], capture_output=True, text=True, check=True).stdout
        for name in ("alice", "stranger")
    )
    said = signed_by(folder, "alice", key="stranger").stderr
    assert f"alice signs with {own.split()[1]}, and the key given is {given.split()[1]}." in said


def test_what_is_no_limits_is_not_signed(folder: PrimalFolder) -> None:
    folder.change("leverage = 20", "leverage = 200")
    result = signed_by(folder, "alice")
    assert result.exit_code == 1
    assert "leverage" in result.stderr
    assert not folder.signature("alice").exists()


def test_approvers_from_before_a_change_do_not_believe_those_it_brings(folder: PrimalFolder, tmp_path: Path) -> None:
    before = Path(shutil.copy(folder.approvers, tmp_path / "before"))
    folder.approvers.write_text(folder.line("stranger") + folder.line("alice"))
    folder.sign("stranger", "alice")
    assert run("verify", folder).exit_code == 0
    assert run("verify", folder, "--approvers", before).exit_code == 1


def test_while_nobody_is_listed_verifying_passes_only_if_asked_to(folder: PrimalFolder) -> None:
    assert run("verify", folder, "--or-nobody-listed").exit_code == 1
    folder.approvers.write_text("# nobody yet\n")
    assert run("verify", folder).exit_code == 1
    result = run("verify", folder, "--or-nobody-listed")
    assert result.exit_code == 0
    assert "built-in tightest limits" in result.stderr


def test_show_tells_what_a_gate_would_start_on(folder: PrimalFolder) -> None:
    unsigned = run("show", folder)
    assert unsigned.exit_code == 0
    assert "built-in tightest limits: limits.toml has 0 good signatures" in unsigned.stderr
    assert f"digest {BUILT_IN.digest()}" in unsigned.stdout
    folder.sign("alice", "bob")
    told = json.loads(run("show", folder, "--json").stdout)
    assert (told["source"], told["signers"], told["problem"]) == ("file", ["alice", "bob"], "")
    assert told["limits"]["order_notional_usd"] == "5000"


def test_diff_says_what_loosens_and_what_tightens(folder: PrimalFolder, tmp_path: Path) -> None:
    before = Path(shutil.copy(folder.limits, tmp_path / "before.toml"))
    folder.change("leverage = 20", "leverage = 19")
    folder.change("0.05\norders", "0.06\norders")
    folder.change('["USDT", "USDC"]', '["USDT", "FDUSD"]')
    lines = [line.split() for line in run("diff", folder, "--from", before).stdout.splitlines()[1:]]
    assert [(words[0], words[-1]) for words in lines] == [
        ("leverage", "tightens"),
        ("daily_loss_share", "loosens"),
        ("quote_assets", "both"),
    ]
    assert run("diff", folder, "--from", folder.limits).stdout == "the limits are the same\n"


@pytest.mark.parametrize("words", [["show"], ["verify"], ["diff"], ["sign", "--as", "alice", "--key", "k"]])
def test_a_file_that_is_not_there_is_wrong_usage(words: list[str], tmp_path: Path) -> None:
    result = runner.invoke(app, [*words, "--file", str(tmp_path / "nowhere.toml")])
    assert result.exit_code == 2
    assert "wrong usage" in result.stderr


@pytest.mark.parametrize("command", ["show", "verify", "sign", "diff"])
def test_every_command_has_an_example(command: str) -> None:
    result = runner.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"Example: cio-primal {command}" in result.stdout


def test_the_file_in_the_repository_reads_and_fits_into_the_built_in_limits_while_nobody_has_signed_it() -> None:
    shipped = PrimalFolder(ROOT / "primal")
    assert run("verify", shipped, "--or-nobody-listed").exit_code == 0
    assert load(shipped.limits).signed or run("diff", shipped).stdout.count("\n") == 2
