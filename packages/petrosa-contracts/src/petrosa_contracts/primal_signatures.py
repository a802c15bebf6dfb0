"""Approvers of the primal limits and their detached SSH signatures. The signing and checking itself is OpenSSH's."""

import base64
import binascii
import os
import re
import shutil
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

NAMESPACE: Final = "petrosa-primal"
"""What signatures are made for; one made for anything else does not count."""

QUORUM: Final = 2
"""Approvers whose signatures a file of limits needs. Not a setting, so that it cannot be set to one."""

LONGEST_SIGNATURE: Final = 8192
"""Bytes that a signature, and what is listed for one approver, may have: a pipe takes them at once."""

_SECONDS = 30.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
_LINE = re.compile(
    r"(?P<name>\S+)\s+"
    r"(?:(?P<options>(?:namespaces|valid-after|valid-before)=\"[^\"]*\"(?:,(?:valid-after|valid-before)=\"[^\"]*\")*)\s+)?"
    r"(?P<kind>ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)"
    r"|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com)\s+"
    r"(?P<key>[A-Za-z0-9+/]{40,2000}={0,2})(?:\s.*)?"
)


class PrimalUnusableError(ValueError):
    """A file of limits, a list of approvers or a signature that cannot be believed; the text says why."""


Approvers = Mapping[str, Sequence[str]]
"""The lines of the list by approver: one line for each key that the approver may sign with."""


def parse_approvers(content: bytes) -> Approvers:
    """Read a list of approvers: OpenSSH's form of allowed signers, and of that only what cannot be misread.

    One name a line (no patterns), optionally `namespaces`, `valid-after` and `valid-before`, an Ed25519 or ECDSA key,
    on a security key or not. A name may have several keys and counts once. Raises `PrimalUnusableError` for any other
    line, and for a key that is listed under two names: one person must not make a quorum.
    """
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise PrimalUnusableError("the list of approvers is not UTF-8 text") from error
    approvers: dict[str, list[str]] = {}
    owners: dict[bytes, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None or not _NAME.fullmatch(found["name"]):
            raise PrimalUnusableError(f"line {number} of the list of approvers is not `name [options] type key`")
        try:
            key = base64.b64decode(found["key"], validate=True)
        except binascii.Error as error:
            raise PrimalUnusableError(f"the key in line {number} of the list of approvers is broken") from error
        if owners.setdefault(key, found["name"]) != found["name"]:
            raise PrimalUnusableError(f"line {number} of the list of approvers repeats the key of another approver")
        approvers.setdefault(found["name"], []).append(line.strip())
    return approvers


def signature_name(file_name: str, approver: str) -> str:
    """Return the name of the file that holds an approver's signature; it lies beside the signed one."""
    return f"{file_name}.{approver}.sig"


def verify(content: bytes, signature: bytes, approver: str, approvers: Approvers) -> None:
    """Check that `signature` is `approver`'s over exactly these bytes, for this purpose.

    Nothing is written to disk. Raises `PrimalUnusableError` if it is not, or if that cannot be found out.
    """
    lines = "".join(f"{line}\n" for line in approvers.get(approver, ())).encode()
    if not lines:
        raise PrimalUnusableError(f"{approver} is not listed")
    if max(len(lines), len(signature)) > LONGEST_SIGNATURE:
        raise PrimalUnusableError("the signature, or what is listed for the approver, is too long")
    with _readable(lines) as listed, _readable(signature) as signed:
        arguments = ["-I", approver, "-n", NAMESPACE, "-f", f"/dev/fd/{listed}", "-s", f"/dev/fd/{signed}"]
        done = _run(["-Y", "verify", *arguments], content, (listed, signed))
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        raise PrimalUnusableError(said[0][:200] if said else "the signature does not fit")


def sign(content: bytes, key: str) -> bytes:
    """Return a signature over `content` by the key in the file `key`, or by the agent if that is a public key.

    A passphrase, a PIN or a touch is asked for on the terminal. Raises `PrimalUnusableError` if no signature was made.
    """
    # From a file rather than standard input: ssh-keygen asks on the terminal only if that is its standard input.
    with TemporaryDirectory(prefix="cio-primal-") as folder:
        copy = Path(folder, "limits")
        copy.write_bytes(content)
        done = _run(["-Y", "sign", "-n", NAMESPACE, "-f", key, str(copy)])
        signature = copy.with_name(f"{copy.name}.sig")
        if done.returncode != 0 or not signature.exists():
            raise PrimalUnusableError("ssh-keygen made no signature; it says why above")
        return signature.read_bytes()


def _run(
    arguments: Sequence[str], content: bytes | None = None, descriptors: tuple[int, ...] = ()
) -> subprocess.CompletedProcess[bytes]:
    """Run ssh-keygen: quietly over `content`, or without any as somebody's conversation on the terminal."""
    program = shutil.which("ssh-keygen")
    if program is None:
        raise PrimalUnusableError("ssh-keygen is not installed (package openssh-client)")
    command = [program, *arguments]
    try:
        if content is None:
            return subprocess.run(command, stdout=subprocess.DEVNULL, check=False)  # noqa: S603
        return subprocess.run(  # noqa: S603
            command, input=content, capture_output=True, pass_fds=descriptors, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise PrimalUnusableError(f"ssh-keygen gave no answer within {_SECONDS:.0f} seconds") from error
    except OSError as error:
        raise PrimalUnusableError(f"ssh-keygen cannot be run: {error.strerror}") from error


@contextmanager
def _readable(content: bytes) -> Generator[int]:
    """Yield a descriptor from which a child reads `content`, which is short enough for a pipe to take at once."""
    read, write = os.pipe()
    try:
        try:
            os.write(write, content)
        finally:
            os.close(write)
        yield read
    finally:
        os.close(read)
