"""A stand-in for TradeEngine: takes signals, keeps what it got, answers as the real one does, and trades nothing."""

import json

from nats.aio.client import Client
from nats.aio.msg import Msg

from demo.ledger import Delivered, Ledger
from petrosa_contracts import subjects


async def run_engine(client: Client, ledger: Ledger) -> None:
    """Listen on the signals subject and nowhere else; from the return on, every signal is received."""

    async def take(message: Msg) -> None:
        signal = json.loads(message.data)
        named = {name: signal.get(name) for name in ("decision_id", "strategy_id", "symbol", "action")}
        ledger.record(Delivered(at=ledger.now(), **named))
        answer = {"status": "processed", "signal_id": signal["strategy_id"], "result": {"status": "executed"}}
        if message.reply:
            await client.publish(message.reply, json.dumps(answer).encode())

    await client.subscribe(subjects.SIGNALS, cb=take)
    # The client sends its ping ahead of what waits to be sent, so only the second answer proves anything.
    await client.flush()
    await client.flush()
