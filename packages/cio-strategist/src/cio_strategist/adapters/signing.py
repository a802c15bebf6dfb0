"""Ed25519 keys in files, for checkpoints of the audit chain."""

from hashlib import sha256
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from cio_strategist.errors import UsageError

_PRIVATE_MODE = 0o600


class SigningKey:
    """A private key, read once. It signs statements and is never shown."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key())

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a key in PEM, PKCS 8, without a passphrase. Raises `UsageError` for anything else."""
        try:
            key = load_pem_private_key(_content(file), password=None)
        except (ValueError, TypeError) as error:
            raise UsageError(f"{file} holds no private key in PEM without a passphrase") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise UsageError(f"{file} holds a key of another kind than Ed25519: cio-audit key new makes one")
        return cls(key)

    @classmethod
    def make(cls, file: Path) -> Self:
        """Make a new key and write it, for its owner alone. Raises `UsageError` if there is a file already."""
        key = Ed25519PrivateKey.generate()
        content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            file.touch(mode=_PRIVATE_MODE, exist_ok=False)
            file.write_bytes(content)
        except FileExistsError:
            raise UsageError(f"{file} exists already: a key is never overwritten") from None
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}") from error
        return cls(key)

    @property
    def key_id(self) -> str:
        """What its public key is known by."""
        return self.public.key_id

    def sign(self, statement: bytes) -> str:
        """Return an Ed25519 signature, 128 hexadecimal digits."""
        return self._key.sign(statement).hex()


class PublicKey:
    """A public key."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = sha256(raw).hexdigest()[:16]
        """The first 16 digits of the SHA-256 of its 32 bytes."""

    def pem(self) -> str:
        """Return it as PEM text."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")

    def made(self, statement: bytes, signature: str) -> bool:
        """Whether its private half signed a statement."""
        try:
            self._key.verify(bytes.fromhex(signature), statement)
        except (InvalidSignature, ValueError):
            return False
        return True


class TrustedKeys:
    """`Verifier` with the keys that are trusted: the present one, and those before it."""

    def __init__(self, *keys: PublicKey) -> None:
        self._keys = {key.key_id: key for key in keys}

    def verify(self, key_id: str, statement: bytes, signature: str) -> str | None:
        """Return what is wrong with a signature, in words; None if one of the keys made it."""
        key = self._keys.get(key_id)
        if key is None:
            return f"it is signed by the key {key_id}, which is not among those trusted: {', '.join(self._keys)}"
        return None if key.made(statement, signature) else f"the signature by the key {key_id} is false"


def read_public_key(file: Path) -> PublicKey:
    """Read a public key in PEM, be it from the private one. Raises `UsageError` for anything else."""
    content = _content(file)
    if b"PRIVATE KEY" in content:
        return SigningKey.read(file).public
    try:
        key = load_pem_public_key(content)
    except ValueError as error:
        raise UsageError(f"{file} holds no key in PEM: name the FILE.pub that cio-audit key new wrote") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{file} holds a key of another kind than Ed25519")
    return PublicKey(key)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
