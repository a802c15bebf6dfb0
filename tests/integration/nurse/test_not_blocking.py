"""Nothing in the gate blocks the loop: it runs inside the test, watched by blockbuster."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nats.errors
import pytest
from blockbuster import BlockingError, blockbuster_ctx
from structlog.testing import capture_logs
from structlog.typing import EventDict

from cio_nurse.adapters.log import LineWriter
from cio_nurse.bootstrap import Nurse
from cio_nurse.serving import serve
from cio_nurse.settings import load
from tests.integration.nurse.fleet import intent
from tests.integration.nurse.polling import eventually
from tests.integration.nurse.surroundings import Surroundings, market

pytestmark = pytest.mark.servers


@pytest.fixture
def lines() -> Iterator[LineWriter]:
    with Path(os.devnull).open("wb") as nowhere:
        writer = LineWriter(nowhere.fileno())
        yield writer
        writer.close()


@contextmanager
def telling(lines: list[EventDict]) -> Iterator[None]:
    """Where no answer comes, say what the gate said: the client hands what a callback raises to the log."""
    try:
        yield
    except nats.errors.TimeoutError:
        pytest.fail(f"no answer; the gate said {lines}")


async def test_no_call_blocks_while_intents_are_decided(stack, bus, store, lines: LineWriter, tmp_path: Path) -> None:
    await bus.engine()
    settings = load(
        {
            **stack.environment(),
            "NURSE_HTTP_PORT": "0",
            "NURSE_JOURNAL_FOLDER": str(tmp_path),
            "NURSE_DECISION_DEADLINE_MS": "2000",
            "NURSE_AUDIT_DEADLINE_MS": "10000",
            "NURSE_INPUTS": "market,regime,portfolio",
        }
    )
    everything = [market(f"S{number}USDT", price=number + 1) for number in range(600)]
    async with Surroundings.written(stack.redis.url) as around:
        with capture_logs() as told:
            nurse = Nurse(settings, lines)
            serving = asyncio.create_task(serve(nurse))
            await eventually(lambda: serving.done() or nurse.readiness.now()[0])
            with blockbuster_ctx(), telling(told):
                assert (await bus.ask(intent())).approved
                await around.write_market(*everything)
                assert (await bus.ask(b"no json")).code == "PAYLOAD_INVALID"
                assert (await bus.ask(intent(confidence=0.1))).code == "CONFIDENCE_LOW"
                epoch = await asyncio.to_thread(store.set_policy, "global", {"enabled": False})
                await eventually(lambda: nurse.readiness.now()[1]["epoch"] == epoch)
                assert (await bus.ask(intent())).code == "STRATEGY_DISABLED"
            signal.raise_signal(signal.SIGTERM)
            await serving


async def test_a_call_that_blocks_would_be_noticed() -> None:
    with blockbuster_ctx(), pytest.raises(BlockingError, match="sleep"):
        time.sleep(0)  # noqa: ASYNC251
