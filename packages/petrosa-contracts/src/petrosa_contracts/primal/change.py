"""A change of the primal limits or of their approvers, judged by those who were approvers before it."""

from pathlib import Path

from petrosa_contracts.primal.file import APPROVERS, parse, read, signatures
from petrosa_contracts.primal.signatures import QUORUM, Approvers, PrimalUnusableError, parse_approvers


def problems_of_change(limits: Path, before: Path) -> tuple[str, ...]:
    """Return what stands against a change of `limits` or of the list beside them, each in a sentence; empty if nothing.

    `before` is a folder with both as they were; where it lacks one, there was none. Other limits take a later revision
    and signatures of the quorum by the list from before, so that a change cannot bring its own approvers. Another list
    takes such signatures over the list itself (`allowed_signers.<name>.sig`), and from the first approver on names as
    many as the quorum needs: otherwise whoever adds two names today sets the limits tomorrow. While nobody is listed,
    everything may be set up. Raises `PrimalUnusableError` for what cannot be read.
    """
    listed = limits.with_name(APPROVERS)
    now, was = read(limits), _read_if_there(before / limits.name)
    list_now, list_was = _read_if_there(listed) or b"", _read_if_there(before / APPROVERS) or b""
    judges, approvers = parse_approvers(list_was), parse_approvers(list_now)
    problems: list[str] = []
    if was is not None and now != was:
        problems += _not_later(now, was)
    if not judges:
        return tuple(problems)
    if now != was:
        problems += _unsigned(limits, now, judges)
    if list_now != list_was:
        problems += _unsigned(listed, list_now, judges)
    if len(approvers) < QUORUM:
        problems.append(f"{APPROVERS} names {len(approvers)} approvers, fewer than the {QUORUM} that a quorum needs")
    return tuple(problems)


def _not_later(now: bytes, was: bytes) -> list[str]:
    revision, earlier = parse(now).revision, parse(was).revision
    if revision > earlier:
        return []
    return [f"revision {revision} changes revision {earlier}: a change takes the next one"]


def _unsigned(path: Path, content: bytes, judges: Approvers) -> list[str]:
    checked = signatures(path, content, judges)
    return [] if checked.quorum else [f"by the approvers before the change, {path.name} {checked.shortfall}"]


def _read_if_there(path: Path) -> bytes | None:
    try:
        path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PrimalUnusableError(f"{path} cannot be read: {error.strerror}") from error
    return read(path)
