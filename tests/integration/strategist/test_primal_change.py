"""What CI lets pass of changes to the primal limits and their approvers, on a real repository with real signatures."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cio_strategist.primal_cli import app
from tests.primal import PEOPLE, PrimalFolder, make_folder

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Repository:
    """A repository with `primal/` and CI's script, its environment clean of the caller's git settings."""

    path: Path

    @property
    def primal(self) -> PrimalFolder:
        return PrimalFolder(self.path / "primal")

    def git(self, *words: str) -> str:
        told = ["git", "-c", "user.name=anna", "-c", "user.email=anna@fund.example", *words]
        done = subprocess.run(told, cwd=self.path, env=_clean(), capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a change")

    def before(self, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Have CI's script put what was before into a folder."""
        script = self.path / ".ci" / "primal-before"
        return subprocess.run(
            [script, folder], env={**_clean(), **environment}, capture_output=True, text=True, check=False
        )

    def verify(self, before: Path) -> Result:
        """Do what `make primal-change` does with it."""
        limits = str(self.primal.limits)
        whole = CliRunner().invoke(app, ["verify", "--or-nobody-listed", "--file", limits])
        if whole.exit_code:
            return whole
        return CliRunner().invoke(app, ["verify-change", "--file", limits, "--before", str(before)])


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRIMAL_"))}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A branch `main` with limits that alice and bob have signed, and a branch `change` at the same commit."""
    repository = Repository(tmp_path_factory.mktemp("repository"))
    (repository.path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "primal-before", repository.path / ".ci")
    (repository.path / "primal").mkdir()
    make_folder(repository.path / "primal").sign("alice", "bob")
    repository.git("init", "-q", "-b", "main")
    repository.commit()
    repository.git("checkout", "-q", "-b", "change")
    return repository


@pytest.fixture
def repository(template: Repository, tmp_path: Path) -> Repository:
    return Repository(Path(shutil.copytree(template.path, tmp_path / "repository")))


@pytest.fixture
def before(tmp_path: Path) -> Path:
    folder = tmp_path / "before"
    folder.mkdir()
    return folder


def loosen(primal: PrimalFolder, revision: int = 4) -> None:
    primal.change("order_notional_usd = 5000", "order_notional_usd = 900000")
    primal.change("revision = 3", f"revision = {revision}")


def change_something_else(primal: PrimalFolder) -> None:
    (primal.path.parent / "README.md").write_text("a change")


def sign_new_limits(primal: PrimalFolder) -> None:
    loosen(primal)
    primal.sign("alice", "carol@fund.example")


def replace_an_approver_and_sign_the_list(primal: PrimalFolder) -> None:
    primal.approvers.write_text(primal.line("alice") + primal.line("bob") + primal.line("stranger"))
    primal.sign_list("alice", "carol@fund.example")


def let_an_approver_take_a_new_key(primal: PrimalFolder) -> None:
    primal.approvers.write_text(primal.line("alice", key="stranger") + primal.line("bob"))
    primal.sign("alice", key="stranger")
    primal.sign_list("bob", "carol@fund.example")


@pytest.mark.parametrize(
    "change",
    [
        change_something_else,
        sign_new_limits,
        replace_an_approver_and_sign_the_list,
        let_an_approver_take_a_new_key,
    ],
)
def test_what_the_approvers_from_before_have_signed_passes(
    repository: Repository, before: Path, change: Callable[[PrimalFolder], None]
) -> None:
    change(repository.primal)
    repository.commit()
    assert repository.before(before).returncode == 0
    result = repository.verify(before)
    assert result.exit_code == 0, result.output


def change_limits_unsigned(primal: PrimalFolder) -> None:
    loosen(primal)


def change_limits_below_the_quorum(primal: PrimalFolder) -> None:
    loosen(primal)
    primal.sign("alice")


def change_limits_after_signing(primal: PrimalFolder) -> None:
    loosen(primal)
    primal.sign("alice", "bob")
    primal.change("leverage = 20", "leverage = 21")


def sign_limits_of_the_same_revision(primal: PrimalFolder) -> None:
    loosen(primal, revision=3)
    primal.sign("alice", "bob")


def sign_limits_of_an_earlier_revision(primal: PrimalFolder) -> None:
    loosen(primal, revision=2)
    primal.sign("alice", "bob")


def bring_approvers_of_their_own(primal: PrimalFolder) -> None:
    loosen(primal)
    primal.approvers.write_text(primal.line("mallory", key="stranger") + primal.line("alice", key="carol@fund.example"))
    primal.sign("mallory", key="stranger")
    primal.sign("alice", key="carol@fund.example")


def add_an_approver_unsigned(primal: PrimalFolder) -> None:
    primal.approvers.write_text("".join(primal.line(name) for name in (*PEOPLE, "stranger")))


def add_an_approver_who_signs_the_list(primal: PrimalFolder) -> None:
    add_an_approver_unsigned(primal)
    primal.sign_list("stranger", "alice")


def add_an_approver_and_change_the_list_after_signing(primal: PrimalFolder) -> None:
    primal.sign_list("alice", "bob")
    add_an_approver_unsigned(primal)


def empty_the_list(primal: PrimalFolder) -> None:
    primal.approvers.write_text("# nobody\n")


def empty_the_list_with_everybodys_signature(primal: PrimalFolder) -> None:
    empty_the_list(primal)
    primal.sign_list(*PEOPLE)


def remove_the_list(primal: PrimalFolder) -> None:
    primal.approvers.unlink()


def remove_a_signature(primal: PrimalFolder) -> None:
    primal.signature("bob").unlink()


def remove_the_limits(primal: PrimalFolder) -> None:
    primal.limits.unlink()


@pytest.mark.parametrize(
    "change",
    [
        change_limits_unsigned,
        change_limits_below_the_quorum,
        change_limits_after_signing,
        sign_limits_of_the_same_revision,
        sign_limits_of_an_earlier_revision,
        bring_approvers_of_their_own,
        add_an_approver_unsigned,
        add_an_approver_who_signs_the_list,
        add_an_approver_and_change_the_list_after_signing,
        empty_the_list,
        empty_the_list_with_everybodys_signature,
        remove_the_list,
        remove_a_signature,
        remove_the_limits,
    ],
)
def test_what_they_have_not_signed_does_not_pass(
    repository: Repository, before: Path, change: Callable[[PrimalFolder], None]
) -> None:
    change(repository.primal)
    repository.commit()
    assert repository.before(before).returncode == 0
    result = repository.verify(before)
    assert result.exit_code != 0, result.output


def test_what_main_does_meanwhile_is_no_part_of_the_change(repository: Repository, before: Path) -> None:
    change_something_else(repository.primal)
    repository.commit()
    repository.git("checkout", "-q", "main")
    sign_new_limits(repository.primal)
    repository.commit()
    repository.git("checkout", "-q", "change")
    assert repository.before(before).returncode == 0
    assert repository.verify(before).exit_code == 0


def test_several_commits_are_judged_together_by_the_list_of_the_target_branch(
    repository: Repository, before: Path
) -> None:
    add_an_approver_unsigned(repository.primal)
    repository.commit()
    loosen(repository.primal)
    repository.primal.sign("alice", "stranger")
    repository.commit()
    assert repository.before(before).returncode == 0
    result = repository.verify(before)
    limits, approvers = result.stderr.splitlines()
    assert "by the approvers before the change, limits.toml has 1 good signatures of 2 needed" in limits
    assert "by the approvers before the change, allowed_signers has 0 good signatures of 2 needed" in approvers


def test_on_the_target_branch_itself_the_commit_before_counts(repository: Repository, before: Path) -> None:
    repository.git("checkout", "-q", "main")
    change_limits_unsigned(repository.primal)
    repository.commit()
    assert repository.before(before).returncode == 0
    assert "revision = 3" in (before / "limits.toml").read_text()


def test_the_first_commit_of_all_has_nothing_before_it(repository: Repository, before: Path) -> None:
    repository.git("checkout", "-q", "main")
    assert repository.before(before).returncode == 0
    assert list(before.iterdir()) == []
    assert repository.verify(before).exit_code == 0


def test_the_target_can_be_named(repository: Repository, before: Path) -> None:
    change_something_else(repository.primal)
    repository.commit()
    repository.git("branch", "-m", "main", "trunk")
    assert repository.before(before, PRIMAL_BASE="trunk").returncode == 0
    assert (before / "limits.toml").exists()
    assert repository.before(before, PRIMAL_BASE="nowhere").returncode != 0


def test_a_history_that_is_cut_off_fails(repository: Repository, before: Path, tmp_path: Path) -> None:
    change_limits_unsigned(repository.primal)
    repository.commit()
    shallow = tmp_path / "shallow"
    repository.git("clone", "-q", "--depth", "1", "--branch", "change", f"file://{repository.path}", str(shallow))
    done = Repository(shallow).before(before)
    assert (done.returncode, "fetch all of it" in done.stderr) == (1, True)


def test_while_nobody_is_listed_everything_may_be_set_up_and_no_longer(repository: Repository, before: Path) -> None:
    primal = repository.primal
    shutil.copy(primal.limits, before)
    (before / "allowed_signers").write_text("# nobody yet\n")
    assert repository.verify(before).exit_code == 0
    loosen(primal)
    assert repository.verify(before).exit_code == 1
    primal.sign("alice", "bob")
    assert repository.verify(before).exit_code == 0


def test_a_folder_that_is_not_there_is_wrong_usage(repository: Repository, before: Path) -> None:
    assert repository.verify(before / "nowhere").exit_code == 2


def test_the_list_is_signed_by_those_on_the_one_before(repository: Repository, before: Path, tmp_path: Path) -> None:
    primal = repository.primal
    shutil.copytree(primal.path, before, dirs_exist_ok=True)
    add_an_approver_unsigned(primal)
    words = ["sign", "--list", "--file", str(primal.limits), "--approvers", str(before / "allowed_signers")]
    for name in ("alice", "bob"):
        result = CliRunner().invoke(app, [*words, "--as", name, "--key", str(primal.key(name))])
        assert result.exit_code == 0, result.output
        assert "stranger" in result.stdout
    assert repository.verify(before).exit_code == 0
    refused = CliRunner().invoke(app, [*words, "--as", "stranger", "--key", str(primal.key("stranger"))])
    assert "stranger is not listed" in refused.stderr


def test_code_owners_own_what_there_is() -> None:
    lines = (ROOT / ".github" / "CODEOWNERS").read_text().splitlines()
    owned = [line.split()[0].strip("/") for line in lines if line and not line.startswith("#")]
    assert [pattern for pattern in owned if pattern != "*" and not list(ROOT.glob(pattern))] == []
    assert {"primal", ".ci", ".github"} <= set(owned)
