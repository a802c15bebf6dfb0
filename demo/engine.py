"""A stand-in for TradeEngine: executes signals on the exchange, and tells what became of them as the real one does."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

import httpx2
from nats.aio.client import Client
from nats.aio.msg import Msg

from demo.account import Account, AccountError, Action, Executed, PositionSide
from demo.ledger import Delivered, Ledger, Refused, Traded
from demo.market import FORMS
from petrosa_contracts import subjects

_OPENS: Mapping[str, tuple[Action, PositionSide]] = {"buy": ("BUY", "LONG"), "sell": ("SELL", "SHORT")}
_CLOSES: Mapping[PositionSide, Action] = {"LONG": "SELL", "SHORT": "BUY"}
_MOST_WAITING = 1000
_ABOVE_LEAST = Decimal("1.05")


class Engine:
    """Takes signals from one subject and nowhere else; what a strategy opened, only that strategy closes."""

    def __init__(self, client: Client, account: Account, ledger: Ledger) -> None:
        self._client = client
        self._account = account
        self._ledger = ledger
        self._open: dict[tuple[str, str, PositionSide], Decimal] = {}
        self._waiting = asyncio.Queue[dict[str, Any]](_MOST_WAITING)

    async def start(self) -> None:
        """Begin to listen; from the return on, every signal is received."""
        await self._client.subscribe(subjects.SIGNALS, cb=self._take)
        # The client sends its ping ahead of what waits to be sent, so only the second answer proves anything.
        await self._client.flush()
        await self._client.flush()

    async def _take(self, message: Msg) -> None:
        signal: dict[str, Any] = json.loads(message.data)
        named = {name: signal.get(name) for name in ("decision_id", "strategy_id", "symbol", "action")}
        self._ledger.record(Delivered(at=self._ledger.now(), **named))
        answer = {"status": "processed", "signal_id": signal["strategy_id"], "result": {"status": "executed"}}
        if message.reply:
            await self._client.publish(message.reply, json.dumps(answer).encode())
        await self._waiting.put(signal)

    async def run(self) -> None:
        """Execute what was received, in its order, until cancelled."""
        while True:
            await self._execute(await self._waiting.get())

    async def _execute(self, signal: dict[str, Any]) -> None:
        try:
            if signal["action"] == "close":
                await self._close(signal)
            elif signal["action"] in _OPENS:
                await self._enter(signal)
        except (AccountError, httpx2.HTTPError) as error:
            reason = f"exchange_error: {error or type(error).__name__}"
            self._ledger.record(Refused(at=self._ledger.now(), decision_id=signal["decision_id"], reason=reason))
            await self._tell(signal, "rejected", reason=reason, rejection_source="exchange")

    async def _enter(self, signal: dict[str, Any]) -> None:
        symbol, (action, side) = signal["symbol"], _OPENS[signal["action"]]
        done = await self._account.order(symbol, action, side, _amount(signal))
        key = signal["strategy_id"], symbol, side
        self._open[key] = self._open.get(key, Decimal(0)) + done.quantity
        await self._filled(signal, signal["action"], done)

    async def _close(self, signal: dict[str, Any]) -> None:
        strategy_id, symbol = signal["strategy_id"], signal["symbol"]
        for side, action in _CLOSES.items():
            quantity = self._open.pop((strategy_id, symbol, side), None)
            if quantity is not None:
                done = await self._account.order(symbol, action, side, quantity)
                await self._filled(signal, action.lower(), done, close_reason="signal")

    async def _filled(self, signal: dict[str, Any], side: str, done: Executed, **more: str) -> None:
        quantity, price = float(done.quantity), float(done.price)
        self._ledger.record(Traded(at=self._ledger.now(), decision_id=signal["decision_id"], order_id=done.order_id))
        await self._tell(
            signal,
            "filled",
            order_id=done.order_id,
            reason="binance_filled",
            side=side,
            qty=quantity,
            fill_qty=quantity,
            fill_price=price,
            **more,
        )

    async def _tell(self, signal: dict[str, Any], what: str, **more: Any) -> None:
        event = {
            "decision_id": signal["decision_id"],
            "strategy_id": signal["strategy_id"],
            "order_id": "",
            "event_type": what,
            "timestamp": datetime.now(UTC).isoformat(),
            "symbol": signal["symbol"],
            **more,
        }
        await self._client.publish(subjects.execution_event(signal["strategy_id"]), json.dumps(event).encode())


def _amount(signal: dict[str, Any]) -> Decimal:
    """Return what is ordered: the signal's quantity, or a little more than the least that the exchange takes."""
    form, price = FORMS[signal["symbol"]], Decimal(str(signal["current_price"]))
    step = Decimal(1).scaleb(-form.quantity_decimals)
    least = (_ABOVE_LEAST * form.least_usd / price).quantize(step, ROUND_CEILING)
    return max(Decimal(str(signal["quantity"])), least)
