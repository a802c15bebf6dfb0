"""Lists what else the account holds, in markets that are not touched. Never an obstacle to what matters."""

from collections.abc import Mapping
from contextlib import closing

from canary.account import COIN_M_PATHS, FuturesAccount
from canary.caller import Caller, Credentials
from canary.clock import Clock, Deadline
from canary.errors import CanaryError
from canary.journal import Journal
from canary.limits import Limits, Pacer
from canary.spot import balances
from canary.transport import HttpTransport, Transport

PATIENCE_SECONDS = 5.0


def list_others(
    markets: Mapping[str, str], credentials: Credentials, *, clock: Clock, offset: float, journal: Journal
) -> list[str]:
    """Return one sentence for each balance or position elsewhere, or why a market could not be read.

    `markets` are base URLs by name (spot, COIN-M), `offset` the exchange's clock ahead of ours, in seconds.
    """
    lines: list[str] = []
    for name, url in markets.items():
        try:
            with closing(HttpTransport(url)) as transport:
                caller = _caller(transport, credentials, clock=clock, offset=offset, journal=journal)
                lines += _READERS[name](caller)
        except CanaryError as error:
            lines.append(f"{name}: cannot be read: {error}")
    return lines


def _caller(transport: Transport, credentials: Credentials, *, clock: Clock, offset: float, journal: Journal) -> Caller:
    deadline = Deadline(clock, PATIENCE_SECONDS)
    pacer = Pacer(clock, deadline, Limits())
    pacer.offset = offset
    return Caller(transport, credentials, clock=clock, deadline=deadline, pacer=pacer, journal=journal)


def _spot(caller: Caller) -> list[str]:
    return [f"spot: {amount.normalize():f} {asset}" for asset, amount in balances(caller, attempts=1).items()]


def _coin_margined(caller: Caller) -> list[str]:
    return [f"COIN-M: {position}" for position in FuturesAccount(caller, COIN_M_PATHS).positions(attempts=1)]


_READERS = {"spot": _spot, "COIN-M": _coin_margined}
