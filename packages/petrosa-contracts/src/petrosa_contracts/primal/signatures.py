"""Approvers of the primal limits and their detached SSH signatures. The signing and checking itself is OpenSSH's."""

import base64
import binascii
import hashlib
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
_OPTION = r"(?:namespaces|valid-after|valid-before)=\"[^\"\\]*\""
# Blanks are what OpenSSH takes for blanks, and no quote can be escaped, so that both read the same line alike.
_LINE = re.compile(
    rf"(?P<name>[^ \t]+)[ \t]+(?:{_OPTION}(?:,{_OPTION})*[ \t]+)?"
    r"(?P<kind>ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)"
    r"|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com)[ \t]+"
    r"(?P<key>[A-Za-z0-9+/]{40,2000}={0,2})(?:[ \t].*)?"
)


class PrimalUnusableError(ValueError):
    """A file of limits, a list of approvers or a signature that cannot be believed; the text says why."""


Approvers = Mapping[str, Sequence[str]]
"""The lines of the list by approver: one line for each key that the approver may sign with."""


def parse_approvers(content: bytes) -> Approvers:
    """Read a list of approvers: OpenSSH's form of allowed signers, and of that only what cannot be misread.

    One name a line (no patterns), optionally `namespaces`, `valid-after` and `valid-before`, an Ed25519 or ECDSA key,
    on a security key or not. A name may have several keys and counts once. Raises `PrimalUnusableError` for any other
    line, for two names that differ in case alone, and for a key that is listed under two names, be it once as a
    security key's: one person must not make a quorum.
    """
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise PrimalUnusableError("the list of approvers is not UTF-8 text") from error
    approvers: dict[str, list[str]] = {}
    owners: dict[bytes, str] = {}
    spellings: dict[str, str] = {}
    for number, line in enumerate((line.strip(" \t\r") for line in lines), start=1):
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None or not _NAME.fullmatch(found["name"]):
            form = "`name [options] type key` with an Ed25519 or ECDSA key"
            raise PrimalUnusableError(f"line {number} of the list of approvers is not {form}")
        name, key = found["name"], _key_material(found["kind"], found["key"])
        if key is None:
            raise PrimalUnusableError(f"the key in line {number} of the list of approvers is broken")
        if owners.setdefault(key, name) != name:
            raise PrimalUnusableError(f"line {number} of the list of approvers repeats the key of another approver")
        if spellings.setdefault(name.lower(), name) != name:
            raise PrimalUnusableError(f"line {number} of the list of approvers spells a name in another way")
        approvers.setdefault(name, []).append(line)
    return approvers


def fingerprint_of_signer(signature: bytes) -> str:
    """Return the fingerprint of the key that made an SSH signature, in the form of `ssh-keygen -l`.

    Not a proof that the signature is good. The key is the first string after magic word and version (OpenSSH's
    PROTOCOL.sshsig).
    """
    armoured = b"".join(signature.splitlines()[1:-1])
    return _fingerprint(_strings(base64.b64decode(armoured)[len("SSHSIG") + 4 :])[0])


def fingerprints_of(approver: str, approvers: Approvers) -> Sequence[str]:
    """Return the fingerprints of an approver's listed keys, in the same form."""
    found = (_LINE.fullmatch(line) for line in approvers[approver])
    return [_fingerprint(base64.b64decode(line["key"])) for line in found if line]


def _fingerprint(key: bytes) -> str:
    return f"SHA256:{base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip('=')}"


def _key_material(kind: str, text: str) -> bytes | None:
    """Return what makes two keys the same whatever they are declared as; None if it is no key of that kind.

    A key is a row of strings, each after its length (RFC 4253, section 6.6; OpenSSH's PROTOCOL.u2f): its kind, for
    ECDSA the curve, the public key, and for a security key the application.
    """
    try:
        parts = _strings(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None
    place = 2 if "ecdsa" in kind else 1
    if len(parts) != place + 1 + kind.startswith("sk-") or parts[0] != kind.encode():
        return None
    return parts[place]


def _strings(blob: bytes) -> list[bytes]:
    parts: list[bytes] = []
    while blob:
        length = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + length:
            raise ValueError("cut off")
        parts.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return parts


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
