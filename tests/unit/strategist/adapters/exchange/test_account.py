import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import SecretStr

from cio_strategist.adapters.exchange.account import ExchangeAccount
from cio_strategist.adapters.exchange.account_forms import INCOME_PAGE
from cio_strategist.errors import ExchangeUnavailableError
from petrosa_contracts import Side
from tests.strategist_fakes import NOON, SetClock

MIDNIGHT = NOON.replace(hour=0)
LIMITS = [
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 3000},
]
ROW = {
    "symbol": "BTCUSDT",
    "positionSide": "LONG",
    "positionAmt": "0.5",
    "entryPrice": "49000",
    "markPrice": "50000",
    "notional": "25000",
    "unRealizedProfit": "500",
    "positionInitialMargin": "2500.01",
    "updateTime": 1772020800000,
}


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def entry(number: int, moment: datetime, kind: str = "COMMISSION") -> dict[str, Any]:
    return {"incomeType": kind, "income": "-1", "asset": "USDT", "time": ms(moment), "tranId": number, "symbol": "B"}


class Exchange:
    """Answers by path; what a test puts into `answers` wins. Keeps what it was asked."""

    def __init__(self, clock: SetClock) -> None:
        self.clock = clock
        self.skew = timedelta(0)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.requests: list[httpx.Request] = []
        self.entries: list[dict[str, Any]] = []
        self.answers: dict[str, Any] = {
            "/fapi/v1/exchangeInfo": {"rateLimits": LIMITS},
            "/fapi/v3/account": {
                "totalMarginBalance": "10500",
                "totalWalletBalance": "10000",
                "totalUnrealizedProfit": "500",
            },
            "/fapi/v3/positionRisk": [ROW],
            "/fapi/v1/positionSide/dual": {"dualSidePosition": True},
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, query = request.url.path, {key: values[0] for key, values in parse_qs(request.url.query.decode()).items()}
        self.asked.append((path, query))
        self.requests.append(request)
        if path == "/fapi/v1/time":
            return httpx.Response(200, json={"serverTime": ms(self.clock.now() + self.skew)})
        if path == "/fapi/v1/income" and path not in self.answers:
            fitting = [
                each
                for each in self.entries
                if each["time"] >= int(query["startTime"]) and query.get("incomeType") in {None, each["incomeType"]}
            ]
            return httpx.Response(200, json=fitting[: int(query["limit"])])
        answer = self.answers.get(path)
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        if callable(answer):
            return answer(query)
        return httpx.Response(404) if answer is None else httpx.Response(200, content=json.dumps(answer))

    def paths(self, since: int = 0) -> list[str]:
        return [path for path, _ in self.asked[since:]]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def exchange(clock: SetClock) -> Exchange:
    return Exchange(clock)


@pytest.fixture
async def account(exchange: Exchange, clock: SetClock) -> AsyncIterator[ExchangeAccount]:
    async with _opened(exchange, clock) as account:
        yield account


@asynccontextmanager
async def _opened(exchange: Callable[..., httpx.Response], clock: SetClock) -> AsyncIterator[ExchangeAccount]:
    async with httpx.AsyncClient(base_url="http://exchange", transport=httpx.MockTransport(exchange)) as client:
        yield ExchangeAccount(client, clock, key=SecretStr("the-key"), secret=SecretStr("the-secret"))


async def _read(account: ExchangeAccount, known_until: datetime | None = None) -> Any:
    return await account.read(known_until=known_until)


async def test_a_reading_holds_everything(account: ExchangeAccount, exchange: Exchange) -> None:
    exchange.entries = [entry(1, NOON - timedelta(hours=1), "REALIZED_PNL")]
    reading = await _read(account)
    assert (reading.began_at, reading.equity, reading.unrealised) == (NOON, 10_500, 500)
    assert reading.position_mode == "hedge"
    (holding,) = reading.holdings
    assert (holding.symbol, holding.side, holding.quantity, holding.price) == (
        "BTCUSDT",
        Side.LONG,
        Decimal("0.5"),
        50_000,
    )
    assert (holding.leverage, holding.entry_price, holding.unrealised) == (10, 49_000, 500)
    assert holding.updated_at == datetime(2026, 2, 25, 12, tzinfo=UTC)
    assert [income.kind for income in reading.incomes] == ["REALIZED_PNL"]


async def test_requests_are_signed_with_the_exchanges_time(account: ExchangeAccount, exchange: Exchange) -> None:
    exchange.skew = timedelta(seconds=90)
    await _read(account)
    for request in exchange.requests:
        if request.url.path in {"/fapi/v1/time", "/fapi/v1/exchangeInfo"}:
            assert "X-MBX-APIKEY" not in request.headers
            continue
        assert request.headers["X-MBX-APIKEY"] == "the-key"
        query, _, signature = request.url.query.decode().partition("&signature=")
        assert signature == hmac.new(b"the-secret", query.encode(), hashlib.sha256).hexdigest()
        assert parse_qs(query)["timestamp"] == [str(ms(NOON + timedelta(seconds=90)))]


async def test_a_clock_that_has_drifted_is_asked_for_again_once(account: ExchangeAccount, exchange: Exchange) -> None:
    def check(query: dict[str, str]) -> httpx.Response:
        if abs(int(query["timestamp"]) - ms(NOON + exchange.skew)) > 1000:
            return httpx.Response(400, json={"code": -1021, "msg": "Timestamp for this request was too old"})
        return httpx.Response(200, json=[])

    exchange.answers["/fapi/v3/positionRisk"] = check
    await _read(account)
    exchange.skew = timedelta(seconds=-30)
    assert (await _read(account)).holdings == ()
    exchange.answers["/fapi/v3/positionRisk"] = httpx.Response(400, json={"code": -1021, "msg": "no"})
    with pytest.raises(ExchangeUnavailableError):
        await _read(account)


async def test_a_ban_is_heeded_without_asking_again(
    account: ExchangeAccount, exchange: Exchange, clock: SetClock
) -> None:
    exchange.answers["/fapi/v3/account"] = httpx.Response(418, headers={"Retry-After": "120"}, json={"code": -1003})
    with pytest.raises(ExchangeUnavailableError) as raised:
        await _read(account)
    assert raised.value.retry_after_seconds == 120
    asked = len(exchange.asked)
    clock.advance(seconds=60)
    with pytest.raises(ExchangeUnavailableError) as raised:
        await _read(account)
    assert raised.value.retry_after_seconds == 60
    assert len(exchange.asked) == asked
    clock.advance(seconds=61)
    exchange.answers["/fapi/v3/account"] = {"totalMarginBalance": "1"}
    assert (await _read(account)).equity == 1


async def test_weight_that_is_nearly_used_up_is_left_to_others(account: ExchangeAccount, exchange: Exchange) -> None:
    headers = {"X-MBX-USED-WEIGHT-1M": "2800"}
    exchange.answers["/fapi/v3/positionRisk"] = httpx.Response(200, headers=headers, json=[])
    with pytest.raises(ExchangeUnavailableError, match="2800 of 3000 weight") as raised:
        await _read(account)
    assert 0 < raised.value.retry_after_seconds <= 60


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503, text="maintenance"),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, text='{"positionAmt": NaN}'),
        httpx.Response(302, headers={"Location": "http://elsewhere"}),
        {"code": 0},
        [{"symbol": "BTCUSDT"}],
        [{**ROW, "positionAmt": "much"}],
        [{**ROW, "positionAmt": "NaN"}],
        [{**ROW, "positionAmt": True}],
        [{**ROW, "positionSide": "UP"}],
        [{**ROW, "updateTime": "today"}],
        [{**ROW, "symbol": ""}],
        [ROW, ROW],
        [{**ROW, "markPrice": None, "notional": "", "entryPrice": "0"}],
        [{**ROW, "markPrice": []}],
    ],
)
async def test_a_reading_is_complete_or_none(account: ExchangeAccount, exchange: Exchange, answer: Any) -> None:
    exchange.answers["/fapi/v3/positionRisk"] = answer
    with pytest.raises(ExchangeUnavailableError) as raised:
        await _read(account)
    assert "signature" not in str(raised.value)


@pytest.mark.parametrize("path", ["/fapi/v3/account", "/fapi/v1/income", "/fapi/v1/positionSide/dual"])
async def test_every_part_is_needed(account: ExchangeAccount, exchange: Exchange, path: str) -> None:
    exchange.answers[path] = httpx.Response(500)
    with pytest.raises(ExchangeUnavailableError, match=path):
        await _read(account)


@pytest.mark.parametrize(
    ("answer", "equity"),
    [
        ({"totalMarginBalance": "12"}, 12),
        ({"totalMarginBalance": "0"}, 0),
        ({"totalWalletBalance": "10", "totalUnrealizedProfit": "-3"}, 7),
        ({"totalWalletBalance": "10"}, None),
        ({"totalMarginBalance": None, "totalWalletBalance": ""}, None),
        ({}, None),
    ],
)
async def test_a_missing_balance_is_unknown_and_never_zero(
    account: ExchangeAccount, exchange: Exchange, answer: Any, equity: int | None
) -> None:
    exchange.answers["/fapi/v3/account"] = answer
    assert (await _read(account)).equity == equity


async def test_an_exchange_without_the_third_version_is_read_by_the_second(
    account: ExchangeAccount, exchange: Exchange
) -> None:
    exchange.answers["/fapi/v2/account"] = exchange.answers.pop("/fapi/v3/account")
    exchange.answers["/fapi/v2/positionRisk"] = [{**ROW, "leverage": "20"}, {**ROW, "symbol": "E", "positionAmt": "0"}]
    del exchange.answers["/fapi/v3/positionRisk"]
    reading = await _read(account)
    assert [holding.leverage for holding in reading.holdings] == [20]
    asked = len(exchange.asked)
    await _read(account)
    assert not [path for path in exchange.paths(asked) if "v3" in path]


async def test_one_way_rows_have_the_side_of_their_sign(account: ExchangeAccount, exchange: Exchange) -> None:
    exchange.answers["/fapi/v1/positionSide/dual"] = {"dualSidePosition": False}
    rows = [{**ROW, "positionSide": "BOTH", "positionAmt": "-2"}, {**ROW, "symbol": "ETHUSDT", "positionSide": "BOTH"}]
    exchange.answers["/fapi/v3/positionRisk"] = rows
    reading = await _read(account)
    assert [(each.side, each.quantity) for each in reading.holdings] == [(Side.SHORT, 2), (Side.LONG, Decimal("0.5"))]
    assert reading.position_mode == "one-way"


async def test_the_mode_is_remembered_unless_a_position_shows_another(
    account: ExchangeAccount, exchange: Exchange
) -> None:
    await _read(account)
    asked = len(exchange.asked)
    await _read(account)
    assert "/fapi/v1/positionSide/dual" not in exchange.paths(asked)
    exchange.answers["/fapi/v1/positionSide/dual"] = {"dualSidePosition": False}
    exchange.answers["/fapi/v3/positionRisk"] = [{**ROW, "positionSide": "BOTH"}]
    assert (await _read(account)).position_mode == "one-way"


async def test_the_income_of_a_busy_day_is_read_page_by_page_and_then_only_what_is_new(
    account: ExchangeAccount, exchange: Exchange, clock: SetClock
) -> None:
    exchange.entries = [entry(number, MIDNIGHT + timedelta(seconds=number)) for number in range(2 * INCOME_PAGE + 5)]
    assert len((await _read(account)).incomes) == 2 * INCOME_PAGE + 5
    asked = len(exchange.asked)
    exchange.entries.append(entry(9999, NOON))
    clock.advance(seconds=5)
    assert len((await _read(account)).incomes) == 2 * INCOME_PAGE + 6
    (query,) = [query for path, query in exchange.asked[asked:] if path == "/fapi/v1/income"]
    assert int(query["startTime"]) > ms(MIDNIGHT)


async def test_transfers_of_earlier_days_are_asked_for_after_a_gap(
    account: ExchangeAccount, exchange: Exchange
) -> None:
    before = MIDNIGHT - timedelta(hours=30)
    exchange.entries = [entry(1, before, "COMMISSION"), entry(2, before, "TRANSFER"), entry(3, NOON, "TRANSFER")]
    reading = await _read(account, before - timedelta(minutes=1))
    assert [income.at for income in reading.incomes] == [before, NOON]


async def test_a_new_day_begins_with_its_own_income(
    account: ExchangeAccount, exchange: Exchange, clock: SetClock
) -> None:
    exchange.entries = [entry(1, NOON)]
    await _read(account)
    clock.advance(hours=12)
    exchange.entries.append(entry(2, clock.now()))
    assert len((await _read(account, clock.now() - timedelta(seconds=5))).incomes) == 1


@pytest.mark.parametrize("code", [-2014, -2015, -1022, -2008])
async def test_a_key_that_is_not_accepted_is_named_without_being_shown(
    account: ExchangeAccount, exchange: Exchange, code: int
) -> None:
    exchange.answers["/fapi/v3/account"] = httpx.Response(401, json={"code": code, "msg": "the-key is wrong"})
    with pytest.raises(ExchangeUnavailableError, match="STRATEGIST_EXCHANGE_API_KEY") as raised:
        await _read(account)
    assert raised.value.retry_after_seconds > 0
    assert "the-key" not in str(raised.value)


async def test_a_connection_that_breaks_shows_no_signature(exchange: Exchange, clock: SetClock) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        if request.url.path in {"/fapi/v1/time", "/fapi/v1/exchangeInfo"}:
            return exchange(request)
        raise httpx.ConnectError(f"cannot reach {request.url}")

    async with _opened(broken, clock) as account:
        with pytest.raises(ExchangeUnavailableError) as raised:
            await _read(account)
    assert "signature" not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_the_clock_is_asked_for_again_after_a_while(
    account: ExchangeAccount, exchange: Exchange, clock: SetClock
) -> None:
    await _read(account)
    clock.advance(minutes=11)
    asked = len(exchange.asked)
    await _read(account)
    assert "/fapi/v1/time" in exchange.paths(asked)


async def test_while_the_balance_stands_the_income_is_not_asked_for_at_every_reading(
    account: ExchangeAccount, exchange: Exchange, clock: SetClock
) -> None:
    async def asked_after(seconds: float) -> bool:
        clock.advance(seconds=seconds)
        asked = len(exchange.asked)
        await _read(account)
        return "/fapi/v1/income" in exchange.paths(asked)

    assert await asked_after(0)
    assert await asked_after(5)
    assert not await asked_after(15)
    exchange.answers["/fapi/v3/account"] = {"totalMarginBalance": "1", "totalWalletBalance": "9000"}
    assert await asked_after(5)
    assert await asked_after(5)
    assert not await asked_after(15)
    assert await asked_after(60)
