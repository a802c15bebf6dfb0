"""Files of primal limits with real signatures: what holds after each thing that may have happened to them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from petrosa_contracts.primal import BUILT_IN
from petrosa_contracts.primal.file import check, load, parse
from petrosa_contracts.primal.signatures import PrimalUnusableError, sign, verify
from tests.primal import LIMITS, PEOPLE, PrimalFolder


def test_limits_signed_by_two_approvers_hold(folder: PrimalFolder) -> None:
    standing = load(folder.limits)
    assert (standing.limits, standing.signers, standing.problem) == (parse(LIMITS.encode()), ("alice", "bob"), "")
    assert standing.signed


def test_the_list_of_approvers_may_lie_elsewhere(folder: PrimalFolder, tmp_path: Path) -> None:
    elsewhere = folder.approvers.rename(tmp_path / "approvers")
    assert load(folder.limits, elsewhere).signed
    assert not load(folder.limits).signed


def remove_signature(folder: PrimalFolder) -> None:
    folder.signature("bob").unlink()


def remove_all_signatures(folder: PrimalFolder) -> None:
    folder.signature("alice").unlink()
    folder.signature("bob").unlink()


def raise_a_limit(folder: PrimalFolder) -> None:
    folder.change("leverage = 20", "leverage = 21")


def add_a_comment(folder: PrimalFolder) -> None:
    folder.limits.write_bytes(folder.limits.read_bytes() + b"#")


def change_line_ends(folder: PrimalFolder) -> None:
    folder.limits.write_bytes(folder.limits.read_bytes().replace(b"\n", b"\r\n"))


def spoil_a_signature(folder: PrimalFolder) -> None:
    signature = folder.signature("bob")
    lines = signature.read_text().splitlines()
    lines[2] = lines[2][::-1]
    signature.write_text("\n".join(lines))


def swap_the_signatures(folder: PrimalFolder) -> None:
    alice, bob = folder.signature("alice").read_bytes(), folder.signature("bob").read_bytes()
    folder.signature("alice").write_bytes(bob)
    folder.signature("bob").write_bytes(alice)


def let_one_sign_for_two(folder: PrimalFolder) -> None:
    folder.signature("bob").write_bytes(folder.signature("alice").read_bytes())


def let_one_key_sign_in_both_names(folder: PrimalFolder) -> None:
    folder.sign("bob", key="alice")


def sign_for_another_purpose(folder: PrimalFolder) -> None:
    folder.sign("bob", namespace="git")


def let_a_stranger_sign(folder: PrimalFolder) -> None:
    folder.signature("bob").unlink()
    folder.sign("stranger")


def list_one_key_twice(folder: PrimalFolder) -> None:
    folder.approvers.write_text(folder.line("alice") + folder.line("bob", key="alice"))
    folder.sign("bob", key="alice")


def list_everybody_by_a_pattern(folder: PrimalFolder) -> None:
    folder.approvers.write_text(folder.line("alice") + folder.line("bob").replace("bob", "*", 1))


def list_keys_for_another_purpose(folder: PrimalFolder) -> None:
    folder.approvers.write_text("".join(folder.line(name, options='namespaces="git" ') for name in PEOPLE))


def let_a_key_expire(folder: PrimalFolder) -> None:
    expired = folder.line("bob", options='namespaces="petrosa-primal",valid-before="20200101" ')
    folder.approvers.write_text(folder.line("alice") + expired)


def take_one_off_the_list(folder: PrimalFolder) -> None:
    folder.approvers.write_text(folder.line("alice"))


def remove_the_list(folder: PrimalFolder) -> None:
    folder.approvers.unlink()


def empty_the_list(folder: PrimalFolder) -> None:
    folder.approvers.write_text("")


def remove_the_limits(folder: PrimalFolder) -> None:
    folder.limits.unlink()


def make_the_limits_a_pipe(folder: PrimalFolder) -> None:
    folder.limits.unlink()
    os.mkfifo(folder.limits)


def make_the_limits_endless(folder: PrimalFolder) -> None:
    folder.limits.write_bytes(LIMITS.encode() + b"#" * 70_000)
    folder.sign("alice", "bob")


def make_a_signature_endless(folder: PrimalFolder) -> None:
    folder.signature("bob").write_bytes(folder.signature("bob").read_bytes() + b"\n" * 10_000)


def sign_what_is_no_limits(folder: PrimalFolder) -> None:
    folder.limits.write_text("revision = 3\n")
    folder.sign("alice", "bob")


def sign_limits_of_revision_zero(folder: PrimalFolder) -> None:
    folder.change("revision = 3", "revision = 0")
    folder.sign("alice", "bob")


@pytest.mark.parametrize(
    ("happens", "problem"),
    [
        (remove_signature, "has 1 good signatures of 2"),
        (remove_all_signatures, "has 0 good signatures of 2"),
        (raise_a_limit, "has 0 good signatures of 2"),
        (add_a_comment, "has 0 good signatures of 2"),
        (change_line_ends, "has 0 good signatures of 2"),
        (spoil_a_signature, "bob: "),
        (swap_the_signatures, "has 0 good signatures of 2"),
        (let_one_sign_for_two, "has 1 good signatures of 2"),
        (let_one_key_sign_in_both_names, "has 1 good signatures of 2"),
        (sign_for_another_purpose, "has 1 good signatures of 2"),
        (let_a_stranger_sign, "has 1 good signatures of 2"),
        (list_one_key_twice, "repeats the key of another approver"),
        (list_everybody_by_a_pattern, "line 2 of the list of approvers"),
        (list_keys_for_another_purpose, "has 0 good signatures of 2"),
        (let_a_key_expire, "has 1 good signatures of 2"),
        (take_one_off_the_list, "has 1 good signatures of 2"),
        (remove_the_list, "is not a file"),
        (empty_the_list, "has 0 good signatures of 2"),
        (remove_the_limits, "is not a file"),
        (make_the_limits_a_pipe, "is not a file"),
        (make_the_limits_endless, "is longer than"),
        (make_a_signature_endless, "is longer than"),
        (sign_what_is_no_limits, "Field required"),
        (sign_limits_of_revision_zero, "count from 1"),
    ],
)
def test_the_built_in_limits_hold_after(
    folder: PrimalFolder, happens: Callable[[PrimalFolder], None], problem: str
) -> None:
    happens(folder)
    standing = load(folder.limits)
    assert standing.limits is BUILT_IN
    assert not standing.signed
    assert problem in standing.problem


def test_what_was_verified_holds_though_the_file_is_replaced_meanwhile(
    folder: PrimalFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    looser = LIMITS.replace("order_notional_usd = 5000", "order_notional_usd = 900000")

    def replace_and_verify(*arguments: Any) -> None:
        folder.limits.write_text(looser)
        folder.approvers.write_text(folder.line("stranger"))
        verify(*arguments)

    monkeypatch.setattr("petrosa_contracts.primal.file.verify", replace_and_verify)
    standing = load(folder.limits)
    assert (standing.limits, standing.signers) == (parse(LIMITS.encode()), ("alice", "bob"))
    monkeypatch.undo()
    assert load(folder.limits).limits is BUILT_IN


def test_links_are_followed_as_mounted_files_are_links_and_what_they_lead_to_is_verified(
    folder: PrimalFolder, tmp_path: Path
) -> None:
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    for file in folder.path.iterdir():
        (mounted / file.name).symlink_to(file)
    assert load(mounted / "limits.toml").signed
    folder.change("leverage = 20", "leverage = 21")
    assert not load(mounted / "limits.toml").signed


@pytest.mark.parametrize("name", ["limits.toml", "allowed_signers", "limits.toml.bob.sig"])
@pytest.mark.parametrize("target", ["/dev/zero", "/dev/stdin", "/nowhere", "limits.toml"])
def test_a_link_to_what_is_no_file_is_not_believed(folder: PrimalFolder, name: str, target: str) -> None:
    if name == target:
        target = "link.to.itself"
        (folder.path / target).symlink_to(name)
    (folder.path / name).unlink()
    (folder.path / name).symlink_to(target)
    assert load(folder.limits).limits is BUILT_IN


def test_an_openssh_that_does_not_answer_is_not_waited_for(
    folder: PrimalFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ssh-keygen"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr("petrosa_contracts.primal.signatures._SECONDS", 0.2)
    standing = load(folder.limits)
    assert standing.limits is BUILT_IN
    assert "gave no answer" in standing.problem


def test_a_third_signature_that_is_spoiled_takes_nothing_from_a_quorum(folder: PrimalFolder) -> None:
    folder.signature("carol@fund.example").write_text("nonsense")
    checked = check(folder.limits, folder.limits.read_bytes())
    assert (checked.signers, [name for name, _ in checked.refused]) == (("alice", "bob"), ["carol@fund.example"])
    assert load(folder.limits).signed


def test_the_built_in_limits_hold_where_openssh_is_missing(
    folder: PrimalFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    standing = load(folder.limits)
    assert standing.limits is BUILT_IN
    assert "ssh-keygen is not installed" in standing.problem


def test_a_signature_made_here_verifies_here(folder: PrimalFolder) -> None:
    listed = {"alice": [folder.line("alice").strip()]}
    signature = sign(b"content", str(folder.key("alice")))
    verify(b"content", signature, "alice", listed)
    with pytest.raises(PrimalUnusableError):
        verify(b"Content", signature, "alice", listed)
    with pytest.raises(PrimalUnusableError, match="not listed"):
        verify(b"content", signature, "bob", listed)


def test_without_a_key_there_is_no_signature(tmp_path: Path) -> None:
    with pytest.raises(PrimalUnusableError, match="no signature"):
        sign(b"content", str(tmp_path / "nobody"))


def test_a_file_whose_signatures_cannot_have_a_name_is_not_believed(folder: PrimalFolder) -> None:
    long = folder.limits.rename(folder.path / ("l" * 250))
    standing = load(long)
    assert standing.limits is BUILT_IN
    assert "cannot be believed" in standing.problem
