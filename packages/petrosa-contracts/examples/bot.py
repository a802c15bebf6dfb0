r"""A bot that asks before it trades: it buys what rises, closes what falls, and stays safe while the gate is away.

    pip install "petrosa-contracts[nats]"
    printf 'BTCUSDT 50000\nBTCUSDT 50010\nBTCUSDT 49990\n' | NATS_URL=nats://localhost:4222 python bot.py

It reads one symbol and price a line and says a line for every trade it wanted.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from petrosa_contracts import Signal
from petrosa_contracts.client import AuditClient


def wanted(symbol: str, price: float, before: float) -> Signal:
    """Return what this strategy would do: here goes your own."""
    return Signal(
        strategy_id="example_momentum",
        strategy="example_momentum",
        source="example_bot",
        symbol=symbol,
        action="buy" if price > before else "close",
        confidence=0.8,
        price=price,
        current_price=price,
        quantity=0.01,
    )


def hand_on(signal: Mapping[str, Any]) -> None:
    """Bring a signal to the engine without the gate: a second route, if you have one. Send it as it is."""
    print("  handed on:", json.dumps(signal["metadata"]), flush=True)


async def main() -> None:
    """Trade on the prices of standard input until it ends."""
    last: dict[str, float] = {}
    async with AuditClient(os.environ.get("NATS_URL", "nats://localhost:4222"), name="example-bot") as client:
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            symbol, text = line.split()
            price, before = float(text), last.get(symbol)
            last[symbol] = price
            if before is None or price == before:
                continue
            signal = wanted(symbol, price, before)
            answer = await client.ask(signal)
            judge = "fail-safe limits" if answer.by_fail_safe else "gate"
            print(f"{signal.action} {symbol}: {answer.verdict.verdict} by the {judge}", flush=True)
            if answer.to_hand_on is not None:
                hand_on(answer.to_hand_on)
            elif not answer.may_trade:
                print(f"  {answer.verdict.code}: {answer.verdict.message}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
