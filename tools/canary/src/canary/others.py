"""Lists what else the account holds, in markets that are not touched. Never an obstacle to what matters."""

from collections.abc import Mapping
from contextlib import closing

from canary import wire
from canary.caller import Caller, Credentials, Request
from canary.clock import Clock, Deadline
from canary.errors import CanaryError
from canary.journal import Journal
from canary.limits import Pacer
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
    pacer = Pacer(clock, deadline)
    pacer.offset = offset
    return Caller(transport, credentials, clock=clock, deadline=deadline, pacer=pacer, journal=journal)


def _spot(caller: Caller) -> list[str]:
    answer = wire.row(
        caller.call(Request("GET", "/api/v3/account", {"omitZeroBalances": "true"}, weight=20), attempts=1)
    )
    balances = [
        (wire.text(item, "asset"), wire.number(item, "free") + wire.number(item, "locked"))
        for item in wire.rows(answer.get("balances"))
    ]
    return [f"spot: {amount.normalize():f} {asset}" for asset, amount in balances if amount]


def _coin_margined(caller: Caller) -> list[str]:
    found = wire.positions(caller.call(Request("GET", "/dapi/v1/positionRisk"), attempts=1))
    return [f"COIN-M: {position}" for position in found]


_READERS = {"spot": _spot, "COIN-M": _coin_margined}
