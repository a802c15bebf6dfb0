"""What the text of a setting means. Each raises `ValueError`, which says how it must look and repeats no secret."""

from pydantic import SecretStr

from cio_strategist.addresses import bots_of
from cio_strategist.domain.access.token import parts_of
from cio_strategist.domain.market.fleet_message import SYMBOL
from cio_strategist.errors import UnauthenticatedError
from cio_strategist.service.access.totp_secret import readable_secret
from petrosa_contracts.subjects import subscriptions


def second_factor_secret(value: SecretStr) -> SecretStr:
    """Return the secret of the second factor. Raises `ValueError` for what is not base32, or too short."""
    readable_secret(value.get_secret_value())
    return value


def token(value: SecretStr) -> SecretStr:
    """Return a bearer token. Raises `ValueError` for what has not its form."""
    try:
        parts_of(value.get_secret_value())
    except UnauthenticatedError as error:
        raise ValueError(str(error)) from None
    return value


def bots(value: object) -> object:
    """Return bots written as `name=base URL`, comma separated."""
    return bots_of(value) if isinstance(value, str) else value


def credential(value: SecretStr) -> SecretStr:
    """Return a key as the exchange gives them out. Raises `ValueError` for what no header could hold."""
    text = value.get_secret_value()
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ValueError("must be one word of printable ASCII characters")
    return value


def subjects(value: str) -> str:
    """Return subjects to listen to, comma separated, as they are. Raises `ValueError` where one cannot be."""
    subscriptions(value)
    return value


def replicas(value: int) -> int:
    """Return how many replicas a stream has. Raises `ValueError` for an even number."""
    if value % 2 == 0:
        raise ValueError("must be 1, 3 or 5")
    return value


def paths(value: object) -> object:
    """Return paths that are written with commas between them."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def symbols(value: object) -> object:
    """Return symbols that are written with commas between them, each once. Raises `ValueError` for what is none."""
    if not isinstance(value, str):
        return value
    symbols = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    wrong = [symbol for symbol in symbols if SYMBOL.fullmatch(symbol) is None]
    if wrong:
        raise ValueError(f"{wrong[0][:40]!r} is not a symbol such as BTCUSDT")
    return symbols
