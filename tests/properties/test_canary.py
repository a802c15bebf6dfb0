"""From any account the canary ends flat or says exactly what is left, and no position ever grows."""

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from canary.errors import RefusedError
from canary.markets import spot
from canary.model import MarketLot, PositionKey
from canary.planning import split
from canary.result import Verdict
from canary.session import open_session
from canary.simulator.book import Book
from canary.simulator.faults import Fault, Kind, Turn
from canary.simulator.spot import SimulatedSpot, SpotOrder, SpotSymbol, Wallet
from tests.canary_accounts import CREDENTIALS, JumpingClock, WatchedBook, book, close_all, exchange_of, rest

SYMBOLS = [f"COIN{number}USDT" for number in range(4)]
PATHS = [
    ("GET", "/fapi/v3/positionRisk"),
    ("GET", "/fapi/v1/openOrders"),
    ("GET", "/fapi/v1/openAlgoOrders"),
    ("DELETE", "/fapi/v1/allOpenOrders"),
    ("DELETE", "/fapi/v1/algoOpenOrders"),
    ("POST", "/fapi/v1/order"),
    ("POST", "/fapi/v1/order"),
    ("GET", "/fapi/v1/order"),
]
CODES = [0, -1000, -1001, -1003, -1007, -1008, -1021, -2011, -2013, -2022, -4131, -4164]
amounts = st.decimals(min_value=Decimal("0.0001"), max_value=Decimal(40), places=4)


@st.composite
def accounts(draw: st.DrawFn) -> WatchedBook:
    hedge = draw(st.booleans())
    sides = ["LONG", "SHORT"] if hedge else ["BOTH"]
    keys = draw(st.lists(st.tuples(st.sampled_from(SYMBOLS), st.sampled_from(sides)), unique=True, max_size=6))
    positions: dict[PositionKey, str] = {}
    for key in keys:
        short = key[1] == "SHORT" or (key[1] == "BOTH" and draw(st.booleans()))
        positions[key] = f"{'-' if short else ''}{draw(amounts)}"
    lot = MarketLot(Decimal("0.001"), Decimal("0.002"), Decimal(draw(st.integers(1, 20))))
    plain = book(positions, hedge=hedge, lot=lot, depth=draw(st.sampled_from([None, None, "3"])))
    account = WatchedBook(hedge, plain.symbols, plain.positions)
    for symbol in draw(st.lists(st.sampled_from(list(account.symbols)), max_size=4)):
        side = draw(st.sampled_from(sides))
        amount = draw(amounts) * (-1 if side == "SHORT" else 1)
        rest(account, symbol, str(amount), side=side, conditional=draw(st.booleans()))
    return account


faults = st.builds(
    lambda kind, path, times, status, code: Fault(kind, *path, times=times, status=status, code=code),
    st.sampled_from(Kind),
    st.sampled_from(PATHS),
    st.sampled_from([1, 1, 2, 5, 10_000]),
    st.sampled_from([400, 403, 408, 429, 500, 503]),
    st.sampled_from(CODES),
)


def turn(factor: int) -> Callable[[Book], None]:
    """Another trader of the account changes every position: closes it (0), turns it (-1), doubles it (2)."""

    def act(account: Book) -> None:
        for key, amount in account.positions.items():
            if key[1] == "BOTH" or factor >= 0:
                account.positions[key] = amount * factor

    return act


turns = st.builds(
    lambda path, factor, count, after: Turn(*path, turn(factor), count=count, after=after),
    st.sampled_from([("POST", "/fapi/v1/order"), ("GET", "/fapi/v3/positionRisk")]),
    st.sampled_from([-1, 0, 2]),
    st.integers(1, 3),
    st.booleans(),
)


@given(account=accounts(), going_wrong=st.lists(faults, max_size=4), moves=st.lists(turns, max_size=2))
def test_it_ends_flat_or_says_exactly_what_is_left_and_no_position_ever_grows(
    account: WatchedBook, going_wrong: list[Fault], moves: list[Turn]
) -> None:
    clock = JumpingClock()
    exchange = exchange_of(account, clock)
    exchange.faults += going_wrong
    exchange.turns += moves
    try:
        result = close_all(exchange, clock, seconds=40, workers=2).result
    except RefusedError:
        assert {method for method, _, _ in exchange.calls} == {"GET"}
        return
    left = {position.key: position.amount for position in result.last.positions or ()}
    assert account.grown == []
    if result.verdict is Verdict.FLAT:
        assert not account.open_positions()
        assert not account.resting
    if result.last.positions is not None and not moves:
        assert left == account.open_positions()
    if result.last.complete:
        assert len(result.last.all_orders) == len(account.resting)
    assert set(account.open_positions()) <= set(result.first_seen) or result.last.positions is None


spot_faults = st.builds(
    lambda kind, path, times, status, code: Fault(kind, *path, times=times, status=status, code=code),
    st.sampled_from(Kind),
    st.sampled_from(
        [("GET", "/api/v3/account"), ("GET", "/api/v3/openOrders"), ("POST", "/api/v3/order"), ("GET", "/api/v3/order")]
    ),
    st.sampled_from([1, 1, 2, 10_000]),
    st.sampled_from([400, 403, 408, 429, 503]),
    st.sampled_from([0, -1001, -1003, -1007, -1021, -2010, -2013, -1013]),
)


refused_for_good = st.builds(
    lambda status, code: Fault(Kind.REFUSE, "POST", "/api/v3/order", times=10_000, status=status, code=code),
    st.sampled_from([400, 403]),
    st.sampled_from([-2010, -1013]),
)


@given(
    held=st.dictionaries(st.sampled_from(["BTC", "ETH", "LDBNB", "USDT"]), amounts, max_size=4),
    locked=st.booleans(),
    going_wrong=st.lists(spot_faults, max_size=3) | st.builds(lambda fault: [fault], refused_for_good),
)
def test_spot_is_sold_once_or_it_is_said_what_is_left(
    held: dict[str, Decimal], locked: bool, going_wrong: list[Fault]
) -> None:
    clock = JumpingClock()
    lot = MarketLot(Decimal("0.001"), Decimal("0.002"), Decimal(7))
    wallet = Wallet({f"{name}USDT": SpotSymbol(name, "USDT", Decimal(50), lot) for name in ("BTC", "ETH")}, dict(held))
    if locked and held.get("BTC", 0) > 1:
        wallet.resting[1] = SpotOrder("BTCUSDT", Decimal(1))
    exchange = SimulatedSpot(wallet, CREDENTIALS, clock)
    exchange.faults += going_wrong
    said: list[str] = []
    with open_session(
        exchange, CREDENTIALS, clock=clock, log=None, say=said.append, market=spot("USDT"), workers=2
    ) as session:
        result = session.close_all(session.examine(), seconds=40)
    sold = {name: held.get(name, Decimal(0)) - wallet.held.get(name, Decimal(0)) for name in ("BTC", "ETH", "LDBNB")}
    assert all(amount >= 0 for amount in sold.values())
    assert wallet.held.get("USDT", Decimal(0)) == held.get("USDT", Decimal(0)) + 50 * (sold["BTC"] + sold["ETH"])
    sellable = {f"{name}USDT" for name in ("BTC", "ETH") if wallet.held.get(name, Decimal(0)) * 50 >= 5 + 50 * lot.step}
    if result.verdict is Verdict.FLAT:
        assert not wallet.resting
        assert sellable == set()
    if result.last.complete and not result.last.all_orders:
        left = {position.symbol: position.amount for position in result.last.positions or ()}
        assert sellable <= left.keys()
        assert all(wallet.held[name.removesuffix("USDT")] == amount for name, amount in left.items())


@given(
    size=st.decimals(min_value=Decimal("0.0001"), max_value=Decimal(100_000), places=4),
    step=st.sampled_from([Decimal("0.001"), Decimal("0.01"), Decimal(1), Decimal(10), Decimal(0)]),
    minimum=st.decimals(min_value=0, max_value=20, places=2),
    maximum=st.decimals(min_value=0, max_value=1000, places=2),
)
def test_a_split_never_exceeds_the_position_and_keeps_to_the_lot(
    size: Decimal, step: Decimal, minimum: Decimal, maximum: Decimal
) -> None:
    parts, dust = split(size, MarketLot(step, minimum, maximum))
    assert sum(parts) + dust <= size
    assert dust >= 0
    for part in parts:
        assert part > 0
        assert part >= minimum
        assert not maximum or part <= maximum
        assert not step or part % step == 0
    if len(parts) < 500:
        assert sum(parts) + dust == size
