"""Finds the account's key: in the environment, or in an encrypted file. Never on the command line."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from canary.caller import Credentials
from canary.errors import RefusedError
from canary.vault import seal, unseal

PAIRS = (("CANARY_API_KEY", "CANARY_API_SECRET"), ("BINANCE_API_KEY", "BINANCE_API_SECRET"))


def find_credentials(environment: Mapping[str, str], *, file: Path | None, ask: Callable[[str], str]) -> Credentials:
    """Return the credentials; a file that is named wins. `ask` prompts for a secret without showing it.

    Raises `RefusedError` and says what to do, without repeating anything that was given.
    """
    if file is not None:
        return open_file(file, environment.get("CANARY_PASSPHRASE") or ask("Passphrase of the credentials file: "))
    for key_name, secret_name in PAIRS:
        key, secret = environment.get(key_name, "").strip(), environment.get(secret_name, "").strip()
        if key and secret:
            return _checked(key, secret)
        if key or secret:
            raise RefusedError(f"only one of {key_name} and {secret_name} is set: both are needed")
    if environment.get("CANARY_CREDENTIALS"):
        return find_credentials(environment, file=Path(environment["CANARY_CREDENTIALS"]), ask=ask)
    raise RefusedError(
        "no credentials: set CANARY_API_KEY and CANARY_API_SECRET, "
        "or name a file made by `canary seal` with --credentials"
    )


def open_file(file: Path, passphrase: str) -> Credentials:
    """Return the credentials in an encrypted file; raises `RefusedError`."""
    try:
        sealed = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(f"the credentials file {file} cannot be read") from error
    fields = cast("dict[str, str]", json.loads(unseal(sealed, passphrase)))
    return _checked(fields["key"], fields["secret"])


def write_file(file: Path, credentials: Credentials, passphrase: str) -> None:
    """Write an encrypted file that only its owner can read; raises `RefusedError`, also if it exists."""
    plain = json.dumps({"key": credentials.key, "secret": credentials.secret}).encode()
    sealed = seal(plain, passphrase)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(sealed + "\n")
    except FileExistsError as error:
        raise RefusedError(f"{file} exists already: choose another name, or remove it first") from error
    except OSError as error:
        raise RefusedError(f"{file} cannot be written") from error


def _checked(key: str, secret: str) -> Credentials:
    if not (key.isascii() and key.isprintable() and secret.isascii() and secret.isprintable()):
        raise RefusedError("the key or its secret has characters that no key has: was it pasted with something else?")
    return Credentials(key, secret)
