"""Addresses in settings: which are taken, and how they are shown without what is secret in them."""

import re
from urllib.parse import urlsplit

from pydantic import SecretStr


def nats_addresses(value: SecretStr) -> SecretStr:
    """Return the addresses of NATS servers, comma separated. Raises `ValueError` where one cannot be used."""
    addresses = [address for address in value.get_secret_value().split(",") if address.strip()]
    if not addresses:
        raise ValueError("no address given: name at least one, such as nats://host:4222")
    for address in addresses:
        _check_address(address if "://" in address else f"nats://{address}", ("nats", "tls", "ws", "wss"))
    return value


def redis_address(value: SecretStr) -> SecretStr:
    """Return the address of a Redis. Raises `ValueError` for what is none."""
    _check_address(value.get_secret_value(), ("redis", "rediss", "unix"))
    return value


def without_credentials(addresses: str) -> str:
    """Return one address, or several with commas between them, fit to be shown: without credentials and options."""
    # A password may hold a comma too: only one that another address follows parts two.
    return ",".join(map(_without_credentials, re.split(r",(?=[a-z]+://)", addresses)))


def _without_credentials(address: str) -> str:
    # A password may hold any character, unescaped ones included, so all between the scheme and the last @ goes.
    head, at, place = address.rpartition("@")
    scheme = "".join(head.partition("://")[:2]) if "://" in head else ""
    shown_place, question_mark, _ = place.partition("?")
    return f"{scheme}{'***@' if at else ''}{shown_place}{'?***' if question_mark else ''}"


def _check_address(address: str, schemes: tuple[str, ...]) -> None:
    """Refuse what the client libraries would stumble over later. The message repeats nothing: it may be a password."""
    try:
        parts = urlsplit(address.strip())
        readable = parts.scheme in schemes and bool(parts.hostname or parts.scheme == "unix") and parts.port != 0
    except ValueError:
        readable = False
    else:
        readable = readable and not parts.fragment and (parts.scheme == "unix" or "@" not in parts.path)
    if not readable:
        raise ValueError(
            f"it is not an address such as {schemes[0]}://host:port; in a password, characters like # / ? @ are "
            "written percent-encoded"
        )
