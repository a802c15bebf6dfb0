"""Limits on the portfolio across two gates on one Redis, under bursts and with things failing in the middle."""

import asyncio
import random
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import nats.errors
import pytest

from petrosa_contracts import PortfolioState, Position, Side, Verdict, rediskeys
from petrosa_contracts.instant import utc_now
from petrosa_contracts.reservations import KEYS, SETTLE, settle_arguments
from tests.integration.nurse.fleet import Bus, Engine, Recorder, exit_of, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.polling import eventually
from tests.integration.nurse.store import Store

pytestmark = pytest.mark.servers

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "ADAUSDT", "XRPUSDT", "DOTUSDT")
SETTINGS = {"NURSE_INPUTS": "portfolio", "NURSE_PORTFOLIO_MAX_AGE_SECONDS": "60"}
LIMITS = {"max_daily_trades": 10_000, "max_portfolio_exposure_pct": 0.5, "max_concurrent_positions": 100}


class Book:
    """The portfolio as the tracker publishes it, and what of the ledger can be seen from outside."""

    def __init__(self, store: Store) -> None:
        self._client = store.client
        self.revision = 0

    def publish(self, *positions: Position, equity: int = 10_000, **fields: Any) -> None:
        self.revision += 1
        now = utc_now()
        state = PortfolioState(
            as_of=now,
            revision=self.revision,
            day=now.date(),
            equity=Decimal(equity),
            day_equity=Decimal(equity),
            positions=positions,
            **{"position_mode": "hedge", **fields},
        )
        self._client.set(rediskeys.PORTFOLIO, state.model_dump_json())

    def settle(self, decisions: Sequence[str]) -> int:
        return self._client.eval(SETTLE, len(KEYS), *KEYS, *settle_arguments(self.revision, decisions))

    @property
    def on_its_way(self) -> Counter[str]:
        """The sums that the ledger keeps."""
        sums = self._client.hgetall(rediskeys.RESERVED_SUMS)
        return Counter({name.decode(): int(value) for name, value in sums.items()})

    @property
    def reserved(self) -> Counter[str]:
        """The same sums, added up from what each decision holds."""
        total: Counter[str] = Counter()
        settled = set(self._client.zrange(rediskeys.RESERVED_SETTLED, 0, -1))
        for decision, order in self._client.hgetall(rediskeys.RESERVED_ORDERS).items():
            notional, leverage, _, exiting, name = order.decode().split(" ", 4)
            if decision not in settled:
                total.update({"notional": int(notional), "leverage": int(leverage), f"exit:{name}": int(exiting)})
        return +total


def position(symbol: str = "LTCUSDT", usd: int = 1500, *, quantity: str = "15") -> Position:
    return Position(
        symbol=symbol, side=Side.LONG, quantity=Decimal(quantity), notional=Decimal(usd), leverage=Decimal(10)
    )


@pytest.fixture
def book(store: Store) -> Book:
    store.client.delete(*KEYS, rediskeys.PORTFOLIO)
    return Book(store)


@pytest.fixture
def pair(new_gate, store: Store, book: Book) -> list[Gate]:
    book.publish(position())
    store.set_policy("global", LIMITS)
    return [new_gate(NURSE_INSTANCE=f"gate-{number}", **SETTINGS).start_ready() for number in (1, 2)]


async def seen(book: Book, pair: list[Gate], *positions: Position, **fields: Any) -> None:
    """Publish a portfolio and wait until every gate has read it."""
    before = time.monotonic()
    book.publish(*positions, **fields)
    for gate in pair:
        await eventually(
            lambda gate=gate: gate.readiness()[1]["input_ages_seconds"]["portfolio"] <= time.monotonic() - before,
            what="the portfolio is read",
        )


def worth(signals: Sequence[dict[str, Any]]) -> Decimal:
    """Return what signals are worth together, USD."""
    return sum((Decimal(str(each["quantity"])) * Decimal(str(each["price"])) for each in signals), Decimal(0))


def orders(number: int, *, seed: int = 7, **fields: Any) -> list[dict[str, Any]]:
    """Return entries of 25 to 300 USD over several symbols and both sides."""
    draw = random.Random(seed)
    return [
        intent(
            "burst",
            symbol=draw.choice(SYMBOLS),
            action=draw.choice(("buy", "sell")),
            quantity=draw.randint(250, 3000) / 10,
            price=1.0,
            current_price=1.0,
            **fields,
        )
        for _ in range(number)
    ]


async def answers_to(bus: Bus, payloads: Sequence[dict[str, Any]], *, seconds: float = 20.0) -> list[Verdict | None]:
    """Send all at once and return the verdicts; None where none came."""

    async def answer(payload: dict[str, Any]) -> Verdict | None:
        try:
            return await bus.ask(payload, seconds=seconds)
        except (nats.errors.Error, TimeoutError):
            return None

    return list(await asyncio.gather(*(answer(payload) for payload in payloads)))


async def test_a_burst_over_two_gates_fills_the_room_and_does_not_exceed_it(
    pair: list[Gate], book: Book, bus: Bus, engine: Engine
) -> None:
    """Half of 10,000 less 1,500 that are open leaves 3,500 USD."""
    verdicts = [verdict for verdict in await answers_to(bus, orders(600)) if verdict is not None]
    await bus.settle()
    approved = sum(verdict.approved for verdict in verdicts)
    assert len(verdicts) == 600
    assert len(engine.messages) == approved
    assert Decimal(3475) < worth(engine.payloads) <= 3500
    assert {verdict.code for verdict in verdicts if not verdict.approved} == {"EXPOSURE_MAX"}
    assert book.on_its_way == book.reserved
    assert book.on_its_way["notional"] == int(worth(engine.payloads) * 1_000_000)
    assert all(gate.verdicts() >= 100 for gate in pair)


async def test_what_is_filled_makes_no_room_and_counts_once(
    pair: list[Gate], book: Book, bus: Bus, engine: Engine
) -> None:
    await answers_to(bus, orders(300))
    await bus.settle()
    filled = worth(engine.payloads)
    decisions = engine.decisions
    await seen(book, pair, position(), position("SUMUSDT", int(filled)))
    assert book.settle(decisions) == len(decisions)
    assert book.on_its_way == Counter()
    left = 3500 - int(filled)
    fits = await bus.ask(intent("burst", quantity=max(left, 21), price=1.0, current_price=1.0, symbol="SUMUSDT"))
    assert fits.approved is (left >= 21)
    assert not (await bus.ask(orders(1, seed=8)[0])).approved


async def test_positions_and_leverage_hold_across_two_gates(
    pair: list[Gate], book: Book, store: Store, bus: Bus, engine: Engine
) -> None:
    """One position is open at 10x: there is room for three more, and for five more orders at 10x."""
    other = {"max_portfolio_exposure_pct": 1.0, "max_concurrent_positions": 4, "portfolio_leverage_cap": 60}
    epoch = store.set_policy("global", {**LIMITS, **other})
    for gate in pair:
        await gate.at_epoch(epoch)
    verdicts = [verdict for verdict in await answers_to(bus, orders(300)) if verdict is not None]
    await bus.settle()
    opened = {(signal["symbol"], signal["action"]) for signal in engine.payloads}
    assert len(engine.messages) == 5
    assert len(opened) <= 3
    assert {verdict.code for verdict in verdicts if not verdict.approved} <= {"POSITIONS_MAX", "LEVERAGE_TOTAL"}
    assert book.on_its_way["leverage"] == 50_000_000


async def test_two_gates_do_not_turn_a_position_around_and_closes_always_pass(
    pair: list[Gate], book: Book, store: Store, bus: Bus, engine: Engine
) -> None:
    """A long of 0.1 BTC in an account that nets, with nothing left to open with."""
    epoch = store.set_policy("global", {"position_mode": "one-way", "max_portfolio_exposure_pct": 0.1})
    await seen(book, pair, position("BTCUSDT", 5000, quantity="0.1"), position_mode="one-way")
    for gate in pair:
        await gate.at_epoch(epoch)
    sells = [intent("exits", action="sell", quantity=0.003) for _ in range(200)]
    verdicts = [verdict for verdict in await answers_to(bus, sells) if verdict is not None]
    await bus.settle()
    sold = sum((Decimal(str(signal["quantity"])) for signal in engine.payloads), Decimal(0))
    assert sold == Decimal("0.099")
    assert len(verdicts) == 200
    closes = [verdict for verdict in await answers_to(bus, [exit_of("exits") for _ in range(20)]) if verdict]
    assert [verdict.approved for verdict in closes] == [True] * 20


async def test_a_loss_beyond_the_limit_is_told_without_an_intent_and_both_gates_tell_it_under_one_key(
    pair: list[Gate], book: Book, bus: Bus
) -> None:
    alerts: Recorder = await bus.listen("alerts.cio.>")
    for number, latched in enumerate((0, 501, 800), start=1):
        await seen(book, pair, daily_loss_latched=Decimal(latched))
        await eventually(lambda number=number: number == 1 or len(alerts.messages) == 2, what="the loss is told")
    for gate in pair:
        await eventually(lambda gate=gate: gate.metric("cio_nurse_portfolio_trouble", kind="daily_loss") == 1)
    await seen(book, pair, daily_loss_latched=Decimal(0), cleared={"daily-loss": utc_now()})
    await eventually(lambda: len(alerts.messages) == 4, what="the end is told")
    began, ended = alerts.payloads[:2], alerts.payloads[2:]
    assert [alert["severity"] for alert in alerts.payloads] == ["critical"] * 2 + ["info"] * 2
    assert {alert["action"] for alert in alerts.payloads} == {"daily_loss"}
    assert len({alert["dedupe_key"] for alert in began}) == len({alert["dedupe_key"] for alert in ended}) == 1
    assert began[0]["message"].startswith("501 USD were lost today of the 10,000 that the day began with")
    assert "an operator cleared it" in ended[0]["message"]


async def test_what_a_killed_gate_approved_still_counts(pair: list[Gate], book: Book, bus: Bus, engine: Engine) -> None:
    burst = asyncio.create_task(answers_to(bus, orders(600), seconds=3.0))
    await eventually(lambda: len(engine.messages) >= 5)
    await asyncio.to_thread(pair[0].kill)
    await burst
    more = await answers_to(bus, orders(200, seed=9), seconds=10.0)
    await bus.settle()
    assert all(verdict is not None for verdict in more)
    assert worth(engine.payloads) <= 3500
    assert book.on_its_way == book.reserved
    # What the dead gate had reserved and did not send stays reserved until it expires: on the safe side.
    assert worth(engine.payloads) * 1_000_000 <= book.on_its_way["notional"] <= 3_500_000_000
    assert book.on_its_way["notional"] > 3_475_000_000


async def test_an_empty_redis_in_the_middle_of_a_burst_makes_no_room(
    pair: list[Gate], book: Book, store: Store, bus: Bus, engine: Engine, redis_server: Any
) -> None:
    """Redis is started anew and has lost everything. Both gates go on under what they last knew."""
    burst = asyncio.create_task(answers_to(bus, orders(600)))
    await eventually(lambda: len(engine.messages) >= 5)
    await asyncio.to_thread(redis_server.stop)
    for kept in await asyncio.to_thread(lambda: list(redis_server.data_folder.iterdir())):
        await asyncio.to_thread(shutil.rmtree if kept.is_dir() else Path.unlink, kept)
    await asyncio.to_thread(redis_server.start)
    await burst
    await bus.settle()
    await eventually(
        lambda: book.on_its_way["notional"] >= int(worth(engine.payloads) * 1_000_000), what="all is reserved again"
    )
    book.publish(position())
    store.set_policy("global", LIMITS)
    for gate in pair:
        await gate.in_mode("ACTIVE")
    await answers_to(bus, orders(300, seed=10))
    await bus.settle()
    assert book.on_its_way == book.reserved
    assert book.on_its_way["notional"] == int(worth(engine.payloads) * 1_000_000)
