"""CPU time of the decision alone, with every gate on, in this process, without any transport."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from bench.inputs import market, portfolio, regime
from bench.plan import Plan
from bench.samples import MAX_DAILY_TRADES, Intents, Kind, strategy_names
from bench.statistic import Spread
from cio_decision.context import Context, MarketView, PortfolioView, RegimeView
from cio_decision.decoding import PayloadLimits, decode
from cio_decision.evaluation import evaluate
from cio_decision.freshness import Ages
from cio_decision.intent import Intent
from petrosa_contracts import PolicyLayer, resolve

KINDS: tuple[Kind, ...] = ("approved", "vetoed", "exits")
_DECISIONS_AFTER_SLEEP = 500
_SLEEP_SECONDS = 0.001
_LIMITS = PayloadLimits()
_AGES = Ages(stale_seconds=60.0, lost_seconds=60.0)
_NOW = datetime(2026, 3, 10, 8, 15, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DecisionCost:
    """CPU microseconds per intent over several repeats; the smallest is the least disturbed.

    `after_sleep` is decoding and evaluating one intent after a sleep of a millisecond, as at a thousand a second: the
    processor has then forgotten much of what the tight loops of the other three keep at hand.
    """

    kind: str
    decode: Spread
    evaluate: Spread
    both: Spread
    after_sleep: Spread


def measure_evaluation(plan: Plan, advance: Callable[[str], None]) -> list[DecisionCost]:
    """Measure decoding, evaluating, and one after the other, for each kind of intents.

    Raises `RuntimeError` if the samples are not decided as they are meant to be.
    """
    found: list[DecisionCost] = []
    for kind in KINDS:
        advance(f"CPU of a decision: {kind}")
        raws, intents, contexts = prepared(kind, plan.evaluation_decisions)
        _check(kind, intents, contexts)
        repeats = range(plan.evaluation_repeats)
        few = list(zip(raws, contexts, strict=True))[:_DECISIONS_AFTER_SLEEP]
        # The gate collects its start-up objects for good, so they must not be walked here either.
        gc.collect()
        gc.freeze()
        try:
            found.append(
                DecisionCost(
                    kind=kind,
                    decode=Spread.of([_microseconds(_decode_all, raws) for _ in repeats]),
                    evaluate=Spread.of([_microseconds(_evaluate_all, intents, contexts) for _ in repeats]),
                    both=Spread.of([_microseconds(_decide_all, raws, contexts) for _ in repeats]),
                    after_sleep=Spread.of([_after_sleep(raw, context) for raw, context in few]),
                )
            )
        finally:
            gc.unfreeze()
    return found


def prepared(kind: Kind, count: int) -> tuple[list[bytes], list[Intent], list[Context]]:
    """Return payloads of a kind, as intents, and what each is decided on: market, regime and portfolio included."""
    stream = Intents(kind)
    raws = [stream.next(_NOW.isoformat())[1] for _ in range(count)]
    intents = [intent for intent in (decode(raw, _LIMITS) for raw in raws) if isinstance(intent, Intent)]
    layers = {
        f"strategy:{name}": PolicyLayer(
            scope=f"strategy:{name}", version=1, parameters={"max_daily_trades": MAX_DAILY_TRADES}
        )
        for name in strategy_names()
    }
    contexts = [
        Context(
            decision_id=f"{number:032x}",
            now=_NOW,
            received_at=_NOW,
            policy=resolve(
                layers, symbol=intent.signal.symbol, strategy_id=intent.signal.strategy_id, side=intent.side
            ),
            epoch=1,
            market=MarketView(
                state=market(intent.signal.symbol, _NOW), listed=True, ages=_AGES, band_share=Decimal("0.05")
            ),
            regime=RegimeView(symbol=regime(intent.signal.symbol, _NOW), market=regime(None, _NOW), ages=_AGES),
            portfolio=PortfolioView(state=portfolio(1, _NOW), ages=_AGES, drawdown_limit=Decimal("0.2")),
        )
        for number, intent in enumerate(intents)
    ]
    return raws, intents, contexts


def _check(kind: Kind, intents: Sequence[Intent], contexts: Sequence[Context]) -> None:
    verdicts = [evaluate(intent, context) for intent, context in zip(intents, contexts, strict=True)]
    if not verdicts or any(verdict.approved == (kind == "vetoed") for verdict in verdicts):
        raise RuntimeError(f"the samples of kind {kind} are not decided as they should be: {verdicts[:1]}")


def _microseconds(work: Callable[..., None], *arguments: Sequence[object]) -> float:
    began = time.process_time()
    work(*arguments)
    return (time.process_time() - began) * 1e6 / len(arguments[0])


def _after_sleep(raw: bytes, context: Context) -> float:
    time.sleep(_SLEEP_SECONDS)
    began = time.thread_time_ns()
    _decide_all([raw], [context])
    return (time.thread_time_ns() - began) / 1000


def _decode_all(raws: Sequence[bytes]) -> None:
    for raw in raws:
        decode(raw, _LIMITS)


def _evaluate_all(intents: Sequence[Intent], contexts: Sequence[Context]) -> None:
    for intent, context in zip(intents, contexts, strict=True):
        evaluate(intent, context)


def _decide_all(raws: Sequence[bytes], contexts: Sequence[Context]) -> None:
    for raw, context in zip(raws, contexts, strict=True):
        intent = decode(raw, _LIMITS)
        if isinstance(intent, Intent):
            evaluate(intent, context)
