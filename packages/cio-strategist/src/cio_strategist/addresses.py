"""Addresses in settings: which are taken, and how they are shown without what is secret in them."""

import re

from pydantic import SecretStr

from cio_strategist.domain.fleet.bot import Bot
from cio_strategist.errors import UsageError

# All of it is strict, because only an address that is taken apart rightly can be shown without its password: a password
# that holds `/`, `?`, `#`, `@` or `:` must be percent-encoded, as it must be for any URL. No message repeats a value.

_PORT = r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_HOST = r"(?:[^/:@?#\[\],\s]+|\[[0-9a-fA-F:.]+\])"
_PLACE = rf"{_HOST}(?::{_PORT})?"
_WHO = r"(?:[^/:@?#\[\]\s]+(?::[^/:@?#\[\]\s]*)?@)?"
_REDIS = re.compile(
    rf"rediss?://(?:[^/@?#]*@)?{_PLACE}(?:/[0-9]{{0,5}})?(?:\?[^@#]*)?"
    r"|unix://(?:[^/@?#]*@)?/[^@?#]+(?:\?[^@#]*)?"
)
_MONGODB = re.compile(
    rf"mongodb://{_WHO}{_PLACE}(?:,{_PLACE})*(?:/[^/?#@\s]*)?(?:\?[^@#\s]*)?"
    rf"|mongodb\+srv://{_WHO}{_HOST}(?:/[^/?#@\s]*)?(?:\?[^@#\s]*)?"
)
_NATS = re.compile(rf"(?:(?:nats|tls|ws|wss)://)?{_WHO}{_PLACE}")
_WEB = re.compile(rf"https?://{_PLACE}(?:/[^?#@\s]*)?")
_NAME = re.compile(r"[A-Za-z0-9_-]+")


def redis_address(value: SecretStr) -> SecretStr:
    """Return the address of a Redis. Raises `ValueError` for what is none."""
    if _REDIS.fullmatch(value.get_secret_value()) is None:
        raise ValueError(
            "must look like redis://host:6379/0, rediss://user:password@host:6379/0 or unix:///path, "
            "with special characters of the password percent-encoded"
        )
    return value


def mongodb_address(value: SecretStr) -> SecretStr:
    """Return the address of a MongoDB, of one or several hosts. Raises `ValueError` for what is none."""
    if _MONGODB.fullmatch(value.get_secret_value()) is None:
        raise ValueError(
            "must look like mongodb://user:password@host:27017,host2:27017/petrosa?replicaSet=rs0 or "
            "mongodb+srv://user:password@cluster.example.net/petrosa, with special characters of the password "
            "percent-encoded"
        )
    return value


def nats_addresses(value: SecretStr) -> SecretStr:
    """Return the addresses of NATS servers, comma separated. Raises `ValueError` for what is none."""
    addresses = [address.strip() for address in value.get_secret_value().split(",")]
    if not all(_NATS.fullmatch(address) for address in addresses):
        raise ValueError(
            "must look like nats://user:password@host:4222,nats://host2:4222, with special characters of the password "
            "percent-encoded"
        )
    return value


def web_address(value: str) -> str:
    """Return the base address of an HTTP service, without a slash at its end. Raises `ValueError` for what is none."""
    if _WEB.fullmatch(value) is None:
        raise ValueError("must look like https://host or http://host:port/path, without credentials or query")
    return value.rstrip("/")


def bots_of(text: str) -> tuple[Bot, ...]:
    """Read bots written as `name=base URL`, comma separated.

    Raises `ValueError` for a name given twice, in whatever case, and for what no `Bot` can be made of.
    """
    bots: dict[str, Bot] = {}
    for number, pair in enumerate(text.split(","), start=1):
        if not pair.strip():
            continue
        name, _, url = (part.strip() for part in pair.partition("="))
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"entry {number} must look like name=http://host:80")
        try:
            bot = Bot(name, url)
        except UsageError as error:
            raise ValueError(str(error)) from None
        if bots.setdefault(name.lower(), bot) is not bot:
            raise ValueError(f"the bot {name} is given twice")
    return tuple(bots.values())


def without_secrets(value: SecretStr) -> str:
    """Return an address without its credentials and options, and of any other secret no more than that it is set."""
    text = value.get_secret_value()
    if "://" not in text:
        return "***" if text else ""
    scheme, _, rest = text.partition("://")
    _, at, place = rest.rpartition("@")
    where, options, _ = place.partition("?")
    return f"{scheme}://{'***@' if at else ''}{where}{'?***' if options else ''}"
