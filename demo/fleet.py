"""The fleet: shows the market to the bots and sends what they want, as requests or as plain messages."""

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from random import Random

from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError

from demo.bots import BOTS, Bot, Wish
from demo.ledger import Answered, Ledger, Priced, Sent
from demo.market import TICK_SECONDS, Market
from petrosa_contracts import Code, Verdict

ANSWER_SECONDS = 1.0
"""How long a bot waits for its verdict."""

_SETTLING_SECONDS = 3.0
_POLL_SECONDS = 0.01
_BEFORE_REPEAT_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Message:
    """An intent ready to be sent, also more than once."""

    bot: Bot
    wish: Wish
    signal_id: str
    usd: float
    data: bytes


class Fleet:
    """All bots behind one connection. The order of what they want depends on the seed alone."""

    def __init__(self, client: Client, market: Market, ledger: Ledger, seed: int) -> None:
        self._client = client
        self._market = market
        self._ledger = ledger
        self._random = {bot: Random(f"{seed} {bot.strategy_id}") for bot in BOTS}
        self._numbers = count(1)
        self._open = asyncio.Event()
        self._open.set()

    async def trade(self) -> None:
        """Show every tick of the market to every bot, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            async for tick in self._market.ticks():
                self._ledger.record(Priced(at=self._ledger.now(), prices=tick.prices))
                for bot in BOTS:
                    rng = self._random[bot]
                    wish, delay = bot.habit(tick, rng), rng.uniform(0, TICK_SECONDS)
                    if wish is not None:
                        tasks.create_task(self._follow(bot, wish, tick.prices[bot.symbol], delay))

    def compose(self, bot: Bot, wish: Wish, price: float) -> Message:
        """Write down what a bot wants, under a new id and dated now."""
        payload = bot.form(bot, wish, price, self._random[bot])
        now = datetime.now(UTC)
        payload["timestamp"] = (now.replace(tzinfo=None) if bot.old else now).isoformat()
        usd = wish.usd if wish.action != "close" else 0.0
        signal_id = payload["signal_id"] or payload["intent_id"]
        return Message(bot, wish, signal_id, usd, json.dumps(payload).encode())

    async def send(self, message: Message, *, flaw: Code | None = None) -> Verdict | None:
        """Send a message; return the verdict if its bot asks for one and gets it in time."""
        while not self._open.is_set():
            await self._open.wait()
        bot = message.bot
        sent = Sent(
            at=self._ledger.now(),
            number=next(self._numbers),
            signal_id=message.signal_id,
            strategy_id=bot.strategy_id,
            symbol=bot.symbol,
            action=message.wish.action,
            usd=message.usd,
            asks=bot.asks,
            flaw=flaw or message.wish.flaw,
        )
        self._ledger.record(sent)
        if not bot.asks:
            await self._client.publish(bot.subject, message.data)
            return None
        verdict = await self._ask(bot.subject, message.data)
        now = self._ledger.now()
        self._ledger.record(Answered(at=now, sent=sent, verdict=verdict, ms=(now - sent.at) * 1000))
        return verdict

    async def hush(self) -> None:
        """Hold the bots back; return once all that was sent is settled, or when 3 s have shown that it will not be."""
        self._open.clear()
        deadline = time.monotonic() + _SETTLING_SECONDS
        while not self._ledger.settled and time.monotonic() < deadline:  # noqa: ASYNC110 - the ledger wakes nobody
            await asyncio.sleep(_POLL_SECONDS)

    def resume(self) -> None:
        """Let the bots send again."""
        self._open.set()

    async def _follow(self, bot: Bot, wish: Wish, price: float, delay: float) -> None:
        await asyncio.sleep(delay)
        message = self.compose(bot, wish, price)
        verdict = await self.send(message)
        if wish.twice and verdict is not None and verdict.approved:
            await asyncio.sleep(_BEFORE_REPEAT_SECONDS)
            await self.send(message, flaw=Code.INTENT_DUPLICATE)

    async def _ask(self, subject: str, data: bytes) -> Verdict | None:
        try:
            reply = await self._client.request(subject, data, timeout=ANSWER_SECONDS)
        except (NoRespondersError, NatsTimeoutError):
            return None
        return Verdict.model_validate_json(reply.data)
