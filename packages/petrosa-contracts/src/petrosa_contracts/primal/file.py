"""The file of primal limits: read, verified, and never believed without its quorum."""

import os
import stat
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from petrosa_contracts.primal import BUILT_IN, PrimalLimits
from petrosa_contracts.primal.signatures import (
    LONGEST_SIGNATURE,
    QUORUM,
    Approvers,
    PrimalUnusableError,
    parse_approvers,
    signature_name,
    verify,
)

APPROVERS: Final = "allowed_signers"
"""Name of the list of approvers where none is given: it lies beside the limits."""

_LONGEST_FILE = 65_536


@dataclass(frozen=True, slots=True)
class Signatures:
    """What became of verifying a file."""

    signers: tuple[str, ...]
    """Approvers whose signature over exactly this content is good."""
    refused: tuple[tuple[str, str], ...]
    """Approvers with a signature that does not count, each with the reason."""
    approvers: tuple[str, ...]
    """Everybody listed."""

    @property
    def quorum(self) -> bool:
        """Whether enough approvers have signed."""
        return len(self.signers) >= QUORUM

    @property
    def shortfall(self) -> str:
        """How many of the signatures needed are good, and why others are not, to follow the name of what was signed."""
        reasons = "".join(f"; {name}: {reason}" for name, reason in self.refused)
        return f"has {len(self.signers)} good signatures of {QUORUM} needed{reasons}"


@dataclass(frozen=True, slots=True)
class PrimalStanding:
    """The limits that hold, and why: those of the file if its quorum is good, else the built-in tightest."""

    limits: PrimalLimits
    problem: str = ""
    """Why the file's limits do not hold; empty if they do."""
    signers: tuple[str, ...] = ()

    @property
    def signed(self) -> bool:
        """Whether the limits are those of the file."""
        return not self.problem


def load(path: Path, approvers: Path | None = None) -> PrimalStanding:
    """Return the limits of the file if enough of the listed approvers have signed it, else the built-in tightest.

    `approvers` is by default the list beside the file. Everything is read once, and what was read is what is
    verified. Raises nothing: whatever is wrong is the `problem`. Blocks while OpenSSH verifies.
    """
    try:
        content = read(path)
        checked = check(path, content, approvers)
        if not checked.quorum:
            return PrimalStanding(BUILT_IN, f"{path.name} {checked.shortfall}")
        return PrimalStanding(parse(content), signers=checked.signers)
    except (PrimalUnusableError, OSError) as error:
        return PrimalStanding(BUILT_IN, f"{path.name} cannot be believed: {error}")


def read(path: Path, *, longest: int = _LONGEST_FILE) -> bytes:
    """Return the bytes of a regular file. Raises `PrimalUnusableError` if there is none, or it is too long."""
    try:
        # What is looked at is what is read, and a pipe put in its place makes nobody wait.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise PrimalUnusableError(f"{path} is not a file")
            content = opened.read(longest + 1)
    except FileNotFoundError as error:
        raise PrimalUnusableError(f"{path} is not a file") from error
    except OSError as error:
        raise PrimalUnusableError(f"{path} cannot be read: {error.strerror or type(error).__name__}") from error
    if len(content) > longest:
        raise PrimalUnusableError(f"{path} is longer than {longest} bytes")
    return content


def parse(content: bytes) -> PrimalLimits:
    """Return the limits that a TOML file says. Raises `PrimalUnusableError` naming everything that is wrong."""
    try:
        fields = tomllib.loads(content.decode("utf-8"), parse_float=Decimal)
        limits = PrimalLimits.model_validate(fields)
    except ValidationError as error:
        wrong = (
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}"
            for item in error.errors(include_url=False, include_input=False)
        )
        raise PrimalUnusableError("; ".join(wrong)) from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise PrimalUnusableError(f"it is not TOML: {error}") from error
    if limits.revision == 0:
        raise PrimalUnusableError("revision: a file's revisions count from 1; 0 are the built-in limits")
    return limits


def check(path: Path, content: bytes, approvers: Path | None = None) -> Signatures:
    """Verify the signatures beside `path` over `content`. Raises `PrimalUnusableError` for a list of no use."""
    return signatures(path, content, parse_approvers(read(approvers or path.with_name(APPROVERS))))


def signatures(path: Path, content: bytes, listed: Approvers) -> Signatures:
    """Verify the signatures beside `path` over `content` by those `listed`."""
    signers: list[str] = []
    refused: list[tuple[str, str]] = []
    for name in listed:
        beside = path.with_name(signature_name(path.name, name))
        if not beside.exists():
            continue
        try:
            verify(content, read(beside, longest=LONGEST_SIGNATURE), name, listed)
        except PrimalUnusableError as error:
            refused.append((name, str(error)))
        else:
            signers.append(name)
    return Signatures(tuple(signers), tuple(refused), tuple(listed))
