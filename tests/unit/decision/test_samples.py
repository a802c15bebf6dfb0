"""What the gates about the market make of the fleet's own payloads, sent while the market stands where they say."""

from decimal import Decimal

import pytest
from pydantic_core import to_json

from cio_decision.context import Context
from cio_decision.decoding import PayloadLimits, Unreadable, decode
from cio_decision.evaluation import evaluate, examine
from cio_decision.intent import Intent
from devstack.exchange.rules import SYMBOLS
from petrosa_contracts import Code, SymbolRules
from tests.builders import NOW, context, market_state, market_view
from tests.samples import Sample, load_samples, load_shared_samples

LISTED = {
    rules.symbol: SymbolRules(
        tick=rules.tick,
        min_price=rules.min_price,
        max_price=rules.max_price,
        step=rules.step,
        min_quantity=rules.step,
        max_quantity=rules.max_quantity,
        market_step=rules.step,
        market_min_quantity=rules.step,
        market_max_quantity=rules.max_market_quantity,
        min_notional=rules.min_notional,
        multiplier_up=rules.percent_up,
        multiplier_down=rules.percent_down,
    )
    for rules in SYMBOLS
}
LISTED["BNBUSDT"] = SymbolRules(
    tick=Decimal("0.01"), step=Decimal("0.01"), min_quantity=Decimal("0.01"), min_notional=Decimal(5)
)
"""The local exchange's rules, and those of one symbol more."""

ABOUT_THE_MARKET = {
    Code.SYMBOL_UNKNOWN,
    Code.SYMBOL_NOT_TRADING,
    Code.PRICE_PHANTOM,
    Code.PRICE_INCONSISTENT,
    Code.FILTER_TICK,
    Code.FILTER_LOT,
    Code.FILTER_MIN_NOTIONAL,
    Code.FILTER_PERCENT_PRICE,
}

OFF_THE_STEP = {
    "cio_signal_with_decision_id.json": "the nearest is 2.11.",
    "cio_head_buy.json": "the nearest is 0.005.",
    "cio_head_close_becomes_sell.json": "the nearest is 0.005.",
    "cio_head_hold_becomes_sell.json": "the nearest is 0.005.",
}
"""What is vetoed: quantities that an earlier decision service divided out of a value and did not round."""

SAMPLES = [each for each in [*load_samples(), *load_shared_samples()] if each.accepted and each.action]


def read(sample: Sample) -> Intent:
    # Written anew and dated now: what is judged here is neither the age of a payload nor the form of its timestamp.
    found = decode(to_json({**sample.payload, "timestamp": NOW.isoformat()}), PayloadLimits())
    assert not isinstance(found, Unreadable), found.breaches
    return found


def market_of(intent: Intent) -> Context:
    signal = intent.signal
    state = market_state(symbol=signal.symbol, price=signal.current_price, rules=LISTED[signal.symbol])
    return context(market=market_view(state))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_only_quantities_off_the_step_are_vetoed(sample: Sample) -> None:
    intent = read(sample)
    vetoing = [each for each in examine(intent, market_of(intent)).vetoing if each.code in ABOUT_THE_MARKET]
    nearest = OFF_THE_STEP.get(sample.name)
    assert [each.code for each in vetoing] == ([] if nearest is None else [Code.FILTER_LOT])
    assert nearest is None or vetoing[0].message.endswith(nearest)


@pytest.mark.parametrize(
    "sample", [each for each in SAMPLES if each.action in {"close", "hold"}], ids=lambda sample: sample.name
)
@pytest.mark.parametrize("moved", ["1", "0.5", "2"])
def test_every_exit_passes_wherever_the_market_is(sample: Sample, moved: str) -> None:
    intent = read(sample)
    price = Decimal(str(intent.signal.current_price)) * Decimal(moved)
    state = market_state(symbol=intent.signal.symbol, price=str(price), rules=LISTED[intent.signal.symbol])
    assert evaluate(intent, context(market=market_view(state))).approved
