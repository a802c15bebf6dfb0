"""The markets that can be closed: USD-M futures always, the others when asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field

from canary.account import COIN_M_PATHS, Account, FuturesAccount
from canary.caller import Caller
from canary.limits import MINUTE, TEN_SECONDS, Limits, Window
from canary.spot import SpotAccount


@dataclass(frozen=True, slots=True)
class Market:
    """How a market is spoken to; `futures` ones share their limits with each other."""

    name: str
    time_path: str
    open: Callable[[Caller], Account] = field(repr=False)
    limits: Callable[[], Limits] = field(default=Limits, repr=False)
    futures: bool = True


USD_M = Market("USD-M", "/fapi/v1/time", FuturesAccount)
COIN_M = Market("COIN-M", "/dapi/v1/time", lambda caller: FuturesAccount(caller, COIN_M_PATHS))


def spot(into: str) -> Market:
    """Return the spot market in which everything is sold for the asset `into`."""
    return Market("spot", "/api/v3/time", lambda caller: SpotAccount(caller, into), _spot_limits, futures=False)


def _spot_limits() -> Limits:
    return Limits(
        weight=Window(MINUTE, 6000, "x-mbx-used-weight-1m"),
        orders_short=Window(TEN_SECONDS, 100, "x-mbx-order-count-10s"),
    )
