"""The secret of the second factor: made, read as people write it, and brought to an authenticator."""

import re

from pyotp import random_base32
from pyotp.totp import TOTP

ISSUER = "petrosa-cio"


def new_secret() -> str:
    """Return a new random secret of 160 bits, in base32 as authenticators and `STRATEGIST_TOTP_SECRET` take it."""
    return random_base32()


def provisioning_uri(secret: str, *, name: str) -> str:
    """Return the `otpauth://` address that an authenticator reads as a QR code and labels `name`. It holds the secret.

    Raises `ValueError` for a secret that `readable_secret` refuses.
    """
    return TOTP(readable_secret(secret)).provisioning_uri(name=name, issuer_name=ISSUER)


def readable_secret(secret: str) -> str:
    """Return a secret in plain base32; blanks, dashes, lower case and padding, as people write them, are allowed.

    Raises `ValueError` for anything that is no base32 or has less than 112 bits. It does not repeat the secret.
    """
    plain = re.sub(r"[\s-]", "", secret).rstrip("=").upper()
    try:
        TOTP(plain)
    except ValueError:
        raise ValueError(
            "must be a base32 secret (letters A-Z, digits 2-7) of at least 23 characters; cio-policy totp new makes one"
        ) from None
    return plain
