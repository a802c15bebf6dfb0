"""A public client library, pointed at a local exchange."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import ccxt

from devstack import Exchange

Client = TypeVar("Client", bound=ccxt.Exchange)
REAL = "https://fapi.binance.com"
BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"


@contextmanager
def client_of(exchange: Exchange, **config: object) -> Iterator[ccxt.binanceusdm]:
    """A client with the account's key, at the exchange's address instead of the real one."""
    usual = {
        "apiKey": exchange.api_key,
        "secret": exchange.api_secret,
        "enableRateLimit": False,
        "options": {"fetchCurrencies": False, "warnOnFetchOpenOrdersWithoutSymbol": False},
    }
    client = ccxt.binanceusdm({**usual, **config})
    for name, address in client.urls["api"].items():
        if isinstance(address, str) and address.startswith(REAL):
            client.urls["api"][name] = address.replace(REAL, exchange.url)
    # The library looks some codes up by the real host's name.
    client.exceptions["exact"].update(client.exceptions["linear"]["exact"])
    try:
        yield client
    finally:
        client.session.close()


@contextmanager
def moved_to(exchange: Exchange, kind: type[Client]) -> Iterator[Client]:
    """A client of any of the exchange's markets, with the account's key."""
    client = kind({"apiKey": exchange.api_key, "secret": exchange.api_secret, "enableRateLimit": False})
    client.options |= {"fetchCurrencies": False, "fetchMargins": False, "warnOnFetchOpenOrdersWithoutSymbol": False}
    for name, address in client.urls["api"].items():
        if isinstance(address, str):
            client.urls["api"][name] = re.sub(r"https://[fd]?api\.binance\.com", exchange.url, address)
    try:
        yield client
    finally:
        client.session.close()
