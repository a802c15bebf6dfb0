"""COIN-M positions are closed and spot balances are sold when that is asked for, and only then."""

import io
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from canary.__main__ import main
from canary.account import COIN_M_PATHS
from canary.clock import SystemClock
from canary.markets import COIN_M, spot
from canary.model import MarketLot
from canary.session import open_beside, open_session
from canary.simulator.book import Book
from canary.simulator.door import Door
from canary.simulator.exchange import SimulatedExchange
from canary.simulator.faults import Fault, Kind
from canary.simulator.server import SimulatorServer
from canary.simulator.spot import SimulatedSpot, SpotOrder, SpotSymbol, Wallet
from tests.canary_accounts import CREDENTIALS, WatchedBook, book, rest, typed

CONSENT = ("--yes", "--i-understand")
LOT = MarketLot(Decimal("0.00001"), Decimal("0.00001"), Decimal(10))
COIN_LOT = MarketLot(Decimal(1), Decimal(1), Decimal(100))


@pytest.fixture
def futures() -> Book:
    return book({("BTCUSDT", "BOTH"): "2"})


@pytest.fixture
def coins() -> WatchedBook:
    plain = book({("BTCUSD_PERP", "BOTH"): "-250", ("ETHUSD_PERP", "BOTH"): "7"}, lot=COIN_LOT)
    account = WatchedBook(plain.hedge, plain.symbols, plain.positions)
    rest(account, "BTCUSD_PERP", "-3")
    rest(account, "ETHUSD_PERP", "4", conditional=True)
    return account


@pytest.fixture
def wallet() -> Wallet:
    symbols = {
        "BTCUSDT": SpotSymbol("BTC", "USDT", Decimal(60000), LOT),
        "ETHUSDT": SpotSymbol("ETH", "USDT", Decimal(3000), LOT),
        "ETHBTC": SpotSymbol("ETH", "BTC", Decimal("0.05"), LOT),
        "OLDUSDT": SpotSymbol("OLD", "USDT", Decimal(1), LOT, status="BREAK"),
    }
    held = {"BTC": "1.250004", "ETH": "25", "USDT": "10", "LDBNB": "3", "OLD": "8"}
    account = Wallet(symbols, {asset: Decimal(amount) for asset, amount in held.items()})
    account.resting[7] = SpotOrder("ETHUSDT", Decimal(5))
    return account


@pytest.fixture
def doors(
    futures: Book, coins: WatchedBook, wallet: Wallet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Door]]:
    clock = SystemClock()
    doors: dict[str, Door] = {
        "CANARY_BASE_URL": SimulatedExchange(futures, CREDENTIALS, clock),
        "CANARY_COINM_URL": SimulatedExchange(coins, CREDENTIALS, clock, paths=COIN_M_PATHS),
        "CANARY_SPOT_URL": SimulatedSpot(wallet, CREDENTIALS, clock),
    }
    servers = {variable: SimulatorServer(door) for variable, door in doors.items()}
    monkeypatch.setenv("CANARY_API_KEY", CREDENTIALS.key)
    monkeypatch.setenv("CANARY_API_SECRET", CREDENTIALS.secret)
    monkeypatch.setenv("CANARY_HOME", str(tmp_path))
    for variable, server in servers.items():
        server.__enter__()
        monkeypatch.setenv(variable, server.url)
    yield doors
    for server in servers.values():
        server.__exit__(None, None, None)


def orders_sent(door: Door) -> int:
    return sum(1 for method, path, _ in door.calls if method == "POST" and path.endswith("/order"))


def test_without_being_asked_for_they_are_only_listed(
    doors: dict[str, Door], coins: Book, wallet: Wallet, capsys: pytest.CaptureFixture[str]
) -> None:
    before = dict(wallet.held)
    assert main(["close-all", *CONSENT]) == 0
    said = capsys.readouterr().out
    assert "Not touched: spot: 25 ETH" in said
    assert "Not touched: COIN-M: BTCUSD_PERP short 250" in said
    assert wallet.held == before
    assert len(coins.open_positions()) == 2
    for variable in ("CANARY_SPOT_URL", "CANARY_COINM_URL"):
        assert {method for method, _, _ in doors[variable].calls} == {"GET"}


def test_the_plan_and_the_typed_line_name_what_is_asked_for(
    doors: dict[str, Door], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, "CLOSE SIMULATED 1")
    assert main(["close-all", "--coin-m", "--sell-spot", "USDT"]) == 1
    said = capsys.readouterr()
    assert "type exactly:  CLOSE SIMULATED 1 + 2 COIN-M + 2 SPOT" in said.err
    for words in ("COIN-M, one-way mode: 2 positions", "BUY at market in 3 orders", "spot: 2 positions, 1 orders"):
        assert words in said.out
    assert all({method for method, _, _ in door.calls} == {"GET"} for door in doors.values())


def test_all_of_it_is_closed_and_sold_when_asked_for(
    doors: dict[str, Door],
    futures: Book,
    coins: WatchedBook,
    wallet: Wallet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    typed(monkeypatch, "CLOSE SIMULATED 1 + 2 COIN-M + 2 SPOT")
    report = tmp_path / "report.json"
    assert main(["close-all", "--coin-m", "--sell-spot", "USDT", "--report", str(report)]) == 0
    assert not futures.open_positions()
    assert not coins.open_positions()
    assert not coins.resting
    assert coins.grown == []
    assert not wallet.resting
    assert wallet.held["BTC"] == Decimal("0.000004")
    assert wallet.held["ETH"] == 0
    assert wallet.held["USDT"] == 10 + Decimal("1.25") * 60000 + 25 * 3000
    # Without a market against USDT, or with one that does not trade, nothing can be sold: it stays and is named.
    assert (wallet.held["LDBNB"], wallet.held["OLD"]) == (3, 8)
    said = capsys.readouterr().out
    assert "Held: spot: 3 LDBNB" in said
    assert "Held: spot: 0.000004 BTC" in said
    content = json.loads(report.read_text())
    assert content["verdict"] == "flat"
    assert [(one["market"], one["verdict"]) for one in content["other_markets"]] == [
        ("COIN-M", "flat"),
        ("spot", "flat"),
    ]


def test_what_opens_while_the_line_is_being_typed_is_closed_too(
    doors: dict[str, Door], futures: Book, coins: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    futures.positions.clear()

    class SlowTypist(io.StringIO):
        def readline(self, size: int = -1) -> str:
            futures.positions["BTCUSDT", "BOTH"] = Decimal(3)
            return super().readline(size)

    monkeypatch.setattr(sys, "stdin", SlowTypist("CLOSE SIMULATED 0 + 2 COIN-M\n"))
    assert main(["close-all", "--coin-m"]) == 0
    assert not futures.open_positions()
    assert not coins.open_positions()


def test_a_market_that_is_away_does_not_keep_the_others_open_and_is_not_called_flat(
    doors: dict[str, Door], futures: Book, coins: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    doors["CANARY_COINM_URL"].faults.append(
        Fault(Kind.REFUSE, "GET", "/dapi/v1/positionSide/dual", times=1000, code=-2015, message="no permission")
    )
    assert main(["close-all", *CONSENT, "--coin-m"]) == 4
    assert not futures.open_positions()
    assert len(coins.open_positions()) == 2
    said = capsys.readouterr().out
    assert "COIN-M CANNOT BE CLOSED NOW" in said
    assert "NOT KNOWN" in said


@pytest.mark.parametrize("kind", [Kind.LOSE_AFTER, Kind.FAIL_AFTER, Kind.GARBLE])
def test_a_sale_that_was_not_answered_is_not_made_twice(kind: Kind, doors: dict[str, Door], wallet: Wallet) -> None:
    door = doors["CANARY_SPOT_URL"]
    wallet.held["BTC"] = Decimal(4)
    wallet.symbols["BTCUSDT"].lot = MarketLot(LOT.step, LOT.minimum, Decimal(2))
    door.faults.append(Fault(kind, "POST", "/api/v3/order", symbol="BTCUSDT", status=503))
    assert main(["close-all", *CONSENT, "--sell-spot", "USDT"]) == 0
    assert wallet.held["BTC"] == 0
    assert orders_sent(door) == 2 + 3


def test_one_asset_that_refuses_does_not_stop_the_others(
    doors: dict[str, Door], wallet: Wallet, capsys: pytest.CaptureFixture[str]
) -> None:
    doors["CANARY_SPOT_URL"].faults.append(
        Fault(Kind.REFUSE, "POST", "/api/v3/order", times=1000, symbol="BTCUSDT", code=-2010, message="no")
    )
    assert main(["close-all", *CONSENT, "--sell-spot", "USDT", "--give-up-after", "2"]) == 3
    assert wallet.held["ETH"] == 0
    assert wallet.held["BTC"] == Decimal("1.250004")
    assert "BTCUSDT long 1.250004" in capsys.readouterr().out


def test_what_is_worth_too_little_is_no_position(
    doors: dict[str, Door], wallet: Wallet, capsys: pytest.CaptureFixture[str]
) -> None:
    wallet.held = {"BTC": Decimal("0.00008"), "USDT": Decimal(1)}
    wallet.resting.clear()
    assert main(["close-all", *CONSENT, "--sell-spot", "USDT"]) == 0
    assert orders_sent(doors["CANARY_SPOT_URL"]) == 0
    assert "Held: spot: 0.00008 BTC" in capsys.readouterr().out


def test_futures_share_their_limits_and_spot_has_its_own(doors: dict[str, Door]) -> None:
    usd_m, coin_m, spot_door = doors.values()
    clock = SystemClock()
    with (
        open_session(usd_m, CREDENTIALS, clock=clock, log=None, say=lambda _: None, workers=2) as first,
        open_beside(first, COIN_M, coin_m) as coins,
        open_beside(first, spot("USDT"), spot_door) as balances,
    ):
        assert coins.caller.pacer is first.caller.pacer
        assert balances.caller.pacer is not first.caller.pacer
        assert balances.caller.pacer.limits.weight.limit == 6000
