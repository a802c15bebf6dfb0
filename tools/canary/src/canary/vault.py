"""A file encrypted with a passphrase, made of the standard library alone.

Python has no cipher of its own, but it has what one is made of. scrypt turns the passphrase and a fresh salt into two
keys. HMAC-SHA256 of a counter under the first gives the key stream, which is XORed with the text: a pseudo-random
function in counter mode. HMAC-SHA256 under the second covers everything in the file, and is checked before anything is
decrypted (encrypt-then-MAC). The salt is never used twice, so neither is a key, nor a piece of the stream.
"""

import base64
import hashlib
import hmac
import json
import os
from typing import cast

from canary.errors import RefusedError

FORMAT = "canary-sealed-1"
SALT_BYTES = 16
KEY_BYTES = 32
SCRYPT_N = 2**17
SCRYPT_R = 8
SCRYPT_P = 1
SCRYPT_MEMORY = 256 * 1024 * 1024
SHORTEST_PASSPHRASE = 12


def seal(plain: bytes, passphrase: str) -> str:
    """Return `plain` encrypted, as the text of a file; raises `RefusedError` for a passphrase under 12 characters."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise RefusedError(f"the passphrase needs at least {SHORTEST_PASSPHRASE} characters")
    salt = os.urandom(SALT_BYTES)
    stream_key, tag_key = _keys(passphrase, salt)
    cipher = _xor(plain, stream_key)
    return json.dumps(
        {"format": FORMAT, "salt": _text(salt), "cipher": _text(cipher), "tag": _text(_tag(tag_key, salt, cipher))}
    )


def unseal(sealed: str, passphrase: str) -> bytes:
    """Return what was sealed; raises `RefusedError` for a wrong passphrase, a changed file or another format."""
    try:
        fields = cast("dict[str, str]", json.loads(sealed))
        known = fields["format"] == FORMAT
        salt, cipher, tag = (base64.b64decode(fields[name], validate=True) for name in ("salt", "cipher", "tag"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError("the credentials file is not one that `canary seal` made") from error
    if not known:
        raise RefusedError("the credentials file has a format that this version does not know")
    stream_key, tag_key = _keys(passphrase, salt)
    if not hmac.compare_digest(tag, _tag(tag_key, salt, cipher)):
        raise RefusedError("wrong passphrase, or the credentials file was changed")
    return _xor(cipher, stream_key)


def _keys(passphrase: str, salt: bytes) -> tuple[bytes, bytes]:
    both = hashlib.scrypt(
        passphrase.encode(), salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P, maxmem=SCRYPT_MEMORY, dklen=2 * KEY_BYTES
    )
    return both[:KEY_BYTES], both[KEY_BYTES:]


def _xor(text: bytes, key: bytes) -> bytes:
    blocks = -(-len(text) // hashlib.sha256().digest_size)
    stream = b"".join(hmac.digest(key, number.to_bytes(8, "big"), "sha256") for number in range(blocks))
    return bytes(a ^ b for a, b in zip(text, stream, strict=False))


def _tag(key: bytes, salt: bytes, cipher: bytes) -> bytes:
    return hmac.digest(key, FORMAT.encode() + salt + cipher, "sha256")


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
