"""The drill: everything that can go wrong, against a simulated exchange on this machine."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from canary import VERSION
from canary.account import COIN_M_PATHS, USD_M_PATHS
from canary.caller import Credentials
from canary.clock import Clock, SystemClock
from canary.markets import COIN_M, USD_M, Market, spot
from canary.model import MarketLot, PositionKey
from canary.result import RunResult, Verdict
from canary.session import open_session
from canary.simulator.book import Book, Resting, Symbol
from canary.simulator.door import Door
from canary.simulator.exchange import SimulatedExchange
from canary.simulator.faults import Fault, Kind, Turn
from canary.simulator.server import SimulatorServer
from canary.simulator.spot import SimulatedSpot, SpotOrder, SpotSymbol, Wallet
from canary.transport import HttpTransport

CREDENTIALS = Credentials("rehearsal-key", "rehearsal-secret")
LOT = MarketLot(step=Decimal("0.001"), minimum=Decimal("0.001"), maximum=Decimal(100))
ORDER = ("POST", "/fapi/v1/order")
RECORD = "rehearsal.json"
DRILL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Drill:
    """One thing that goes wrong, and how the run has to end all the same."""

    title: str
    hedge: bool = False
    positions: dict[PositionKey, str] = field(default_factory=lambda: {("BTCUSDT", "BOTH"): "1.5"})
    orders: tuple[Resting, ...] = ()
    faults: tuple[Fault, ...] = ()
    turns: tuple[Turn, ...] = ()
    skew: float = 0.0
    coin_m: bool = False
    balances: dict[str, str] = field(default_factory=dict[str, str])
    """What spot holds, in the drill that sells it; no futures are in that one."""
    ends: Verdict = Verdict.FLAT


def drills() -> list[Drill]:
    """Return all drills, fresh: faults and turns are used up."""
    waiting = Resting("ETHUSDT", "BOTH", Decimal(3))
    stop = Resting("BTCUSDT", "BOTH", Decimal(-4), conditional=True)
    return [
        Drill("one-way: a long and a short", positions={("BTCUSDT", "BOTH"): "1.5", ("ETHUSDT", "BOTH"): "-20"}),
        Drill("hedge: both sides of one symbol", True, {("BTCUSDT", "LONG"): "1", ("BTCUSDT", "SHORT"): "-2"}),
        Drill("orders and conditional orders", orders=(waiting, waiting, stop)),
        Drill("larger than one order may be", positions={("BTCUSDT", "BOTH"): "250.123"}),
        Drill(
            "an order fills while it is cancelled",
            orders=(waiting,),
            turns=(Turn("DELETE", "/fapi/v1/allOpenOrders", _fill_first),),
        ),
        Drill("the position turns before it is closed", turns=(Turn(*ORDER, _turn_short),)),
        Drill("the answer to a close order is lost", faults=(Fault(Kind.LOSE_AFTER, *ORDER),)),
        Drill("a close order is lost on its way", faults=(Fault(Kind.LOSE_BEFORE, *ORDER),)),
        Drill("the exchange does not know what it did", faults=(Fault(Kind.FAIL_AFTER, *ORDER, status=503),)),
        Drill("the exchange is overloaded", faults=(Fault(Kind.REFUSE, *ORDER, times=2, status=503, code=-1008),)),
        Drill(
            "too many requests",
            faults=(Fault(Kind.REFUSE, *ORDER, status=429, code=-1003, headers={"retry-after": "1"}),),
        ),
        Drill("this machine's clock is an hour off", skew=3600.0),
        Drill(
            "one symbol refuses, the others are closed",
            positions={("BTCUSDT", "BOTH"): "1", ("ETHUSDT", "BOTH"): "2"},
            faults=(Fault(Kind.REFUSE, *ORDER, symbol="BTCUSDT", code=-2022, message="ReduceOnly Order is rejected."),),
        ),
        Drill("COIN-M: a short and a stop, when asked for", orders=(stop,), coin_m=True),
        Drill(
            "spot is sold, when asked for, and an answer is lost", balances={"BTC": "1.5", "ETH": "20", "LDBNB": "3"}
        ),
        Drill("dust that no order can close", positions={("BTCUSDT", "BOTH"): "1.0004"}, ends=Verdict.LEFT),
    ]


def practice_account() -> Book:
    """Return the account that a person closes by hand in the drill."""
    account = _book(Drill("practice", positions={("BTCUSDT", "BOTH"): "1.5", ("ETHUSDT", "BOTH"): "-20"}))
    account.rest(Resting("ETHUSDT", "BOTH", Decimal(3)))
    account.rest(Resting("BTCUSDT", "BOTH", Decimal("-1.5"), conditional=True))
    return account


def run_drill(drill: Drill, *, log: Path | None, clock: Clock | None = None) -> str | None:
    """Run one drill over a real connection to a simulated exchange; return what was wrong, None if nothing was."""
    clock = clock or SystemClock()
    return _sell_spot(drill, log, clock) if drill.balances else _close_futures(drill, log, clock)


def _close_futures(drill: Drill, log: Path | None, clock: Clock) -> str | None:
    account = _book(drill)
    paths = COIN_M_PATHS if drill.coin_m else USD_M_PATHS
    exchange = SimulatedExchange(account, CREDENTIALS, clock, skew=drill.skew, paths=paths)
    exchange.faults += drill.faults
    exchange.turns += drill.turns
    result = _run(exchange, COIN_M if drill.coin_m else USD_M, log, clock)
    if result.verdict is not drill.ends:
        return f"ended {result.verdict.value}, expected {drill.ends.value}: {result.why_ended}"
    left = {position.key: position.amount for position in result.last.positions or ()}
    if left != account.open_positions() or len(result.last.all_orders) != len(account.resting):
        return "what it said is left differs from what the exchange has"
    return None


def _sell_spot(drill: Drill, log: Path | None, clock: Clock) -> str | None:
    markets = {f"{asset}USDT": SpotSymbol(asset, "USDT", Decimal(3000), LOT) for asset in ("BTC", "ETH")}
    wallet = Wallet(markets, {asset: Decimal(amount) for asset, amount in drill.balances.items()})
    wallet.resting[1] = SpotOrder("ETHUSDT", Decimal(5))
    exchange = SimulatedSpot(wallet, CREDENTIALS, clock)
    exchange.faults.append(Fault(Kind.LOSE_AFTER, "POST", "/api/v3/order"))
    result = _run(exchange, spot("USDT"), log, clock)
    if result.verdict is not drill.ends:
        return f"ended {result.verdict.value}, expected {drill.ends.value}: {result.why_ended}"
    sold = sum((Decimal(drill.balances[symbol.asset]) * symbol.price for symbol in markets.values()), start=Decimal(0))
    if wallet.held.get("USDT") != sold or wallet.resting:
        return "not everything was sold exactly once"
    return None


def _run(exchange: Door, market: Market, log: Path | None, clock: Clock) -> RunResult:
    with (
        SimulatorServer(exchange) as server,
        open_session(
            HttpTransport(server.url), CREDENTIALS, clock=clock, log=log, say=_silence, market=market, workers=4
        ) as session,
    ):
        return session.close_all(session.examine(), seconds=DRILL_SECONDS)


def record(home: Path, *, passed: bool, by_hand: bool) -> None:
    """Remember that the drill was done now, and whether a person typed what is to be typed; raises OSError."""
    home.mkdir(parents=True, exist_ok=True)
    content = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "passed": passed}
    content |= {"by_hand": by_hand, "version": VERSION}
    (home / RECORD).write_text(json.dumps(content) + "\n", encoding="utf-8")


def last_rehearsal(home: Path, now: datetime) -> str:
    """Return one sentence about the last drill."""
    try:
        found = json.loads((home / RECORD).read_text(encoding="utf-8"))
        at, passed, by_hand = datetime.fromisoformat(found["at"]), bool(found["passed"]), bool(found.get("by_hand"))
        days = (now - at).days
    except (OSError, ValueError, KeyError, TypeError):
        return "Last rehearsal: never on this machine (canary rehearse)."
    how = "" if by_hand else ", with nobody at the keyboard"
    return f"Last rehearsal: {at:%Y-%m-%d}, {days} days ago, {'passed' if passed else 'FAILED'}{how}."


def _book(drill: Drill) -> Book:
    symbols = {name: Symbol(Decimal(price), LOT) for name, price in (("BTCUSDT", "60000"), ("ETHUSDT", "3000"))}
    account = Book(drill.hedge, symbols, {key: Decimal(amount) for key, amount in drill.positions.items()})
    for order in drill.orders:
        account.rest(order)
    return account


def _fill_first(account: Book) -> None:
    account.fill(min(account.resting))


def _turn_short(account: Book) -> None:
    account.positions["BTCUSDT", "BOTH"] = Decimal(-2)


def _silence(_: str) -> None:
    pass
