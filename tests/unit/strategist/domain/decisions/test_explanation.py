from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cio_decision.context import LedgerView
from cio_strategist.domain.decisions.explanation import explain, origins_of
from cio_strategist.domain.policy.audit import AuditRecord
from petrosa_contracts import Code, DrawdownPhase, Mode
from tests.builders import control, layer, market_state, market_view, regime_status, regime_view, symbol_rules
from tests.records import recorded, small_orders

CHANGE = AuditRecord(
    id="a" * 32,
    scope="global",
    action="update",
    edit="patch",
    before={},
    after={"max_position_size_usd": 100.0},
    version_before=3,
    version=4,
    changed_by="ops",
    caller="ops",
    caller_class="operator",
    reason="thin weekend",
    at=datetime(2026, 2, 21, 9, 30, tzinfo=UTC),
)


def test_it_says_who_set_the_limit_when_why_and_in_which_version() -> None:
    record = recorded(small_orders(version=4))
    assert origins_of(record) == (("global", 4),)
    explanation = explain(record, {("global", 4): CHANGE})
    origin = explanation.breaches[0].origin
    assert origin is not None
    assert (origin.parameter, origin.value) == ("max_position_size_usd", 100.0)
    assert (origin.scope, origin.version) == ("global", 4)
    assert (origin.set_by, origin.reason, origin.audit_id) == ("ops", "thin weekend", "a" * 32)
    assert "ops set max_position_size_usd in global version 4 on 2026-02-21 09:30 UTC" in explanation.summary
    assert "thin weekend" in explanation.summary


def test_what_would_have_passed_is_told_for_the_intent_and_for_the_policy() -> None:
    explanation = explain(recorded(small_orders()), {})
    assert explanation.breaches[0].would_have_passed == "At most 100 USD."
    assert explanation.policy_that_passes is not None
    assert explanation.policy_that_passes.model_dump() == {
        "scope": "global",
        "parameters": {"max_position_size_usd": 500.0},
    }


def test_a_minimum_is_told_as_one() -> None:
    explanation = explain(recorded(layer("global", min_confidence_threshold=0.95)), {})
    assert explanation.breaches[0].would_have_passed == "At least 0.95."


def test_a_default_was_set_by_nobody() -> None:
    explanation = explain(recorded(quantity=1.0), {})
    assert "default: nobody has set it" in explanation.summary
    assert explanation.policy_that_passes is not None
    assert explanation.policy_that_passes.scope == "global"


def test_what_the_regime_leaves_of_a_limit_is_told_from_the_limit_itself() -> None:
    corrected = {"regime": regime_view(symbol=regime_status(drawdown=DrawdownPhase.CORRECTION))}
    explanation = explain(recorded(quantity=0.016, circumstances=corrected), {})
    (breach,) = explanation.breaches
    assert breach.origin is not None
    assert (breach.breach.code, breach.breach.limit, breach.origin.value) == (Code.REGIME_SIZE, 750.0, 1000.0)
    assert "max_position_size_usd = 1000.0 is the default: nobody has set it" in explanation.summary
    assert explanation.policy_that_passes is not None
    assert explanation.policy_that_passes.parameters == {"max_position_size_usd": 1066.67}


def test_one_trade_more_is_needed_where_the_count_was_reached() -> None:
    full = {"ledger": LedgerView(trades_today={"global": 5})}
    explanation = explain(recorded(layer("global", max_daily_trades=5), circumstances=full), {})
    assert explanation.breaches[0].would_have_passed == "Fewer than 5."
    assert explanation.policy_that_passes is not None
    assert explanation.policy_that_passes.parameters == {"max_daily_trades": 6}


def test_no_policy_helps_against_a_halt() -> None:
    explanation = explain(recorded(circumstances={"control": control(Mode.HALTED)}), {})
    assert explanation.policy_that_passes is None
    assert explanation.breaches[0].would_have_passed == "A `close`, and what only reduces a position."


def test_it_says_who_halted_when_and_why() -> None:
    at = datetime(2026, 2, 25, 11, 30, tzinfo=UTC)
    halted = control(Mode.HALTED, scope="symbol:BTCUSDT", set_by="dora", set_at=at, reason="looks wrong")
    explanation = explain(recorded(circumstances={"control": halted}), {})
    origin = explanation.breaches[0].origin
    assert origin is not None
    assert (origin.scope, origin.version, origin.parameter) == ("symbol:BTCUSDT", None, "mode")
    assert (origin.set_by, origin.set_at, origin.reason) == ("dora", at, "looks wrong")
    assert "halted by dora: looks wrong. That was on 2026-02-25 11:30 UTC." in explanation.summary


LIMIT_SELL = {"action": "sell", "order_type": "limit"}


@pytest.mark.parametrize(
    ("rules", "fields", "told"),
    [
        ({}, {"stop_loss": 51_000.0}, "stop_loss 51,000 of a LONG must be below the current price 50,000."),
        ({}, {"action": "sell", "stop_loss": 49_000.0}, "stop_loss 49,000 of a SHORT must be above"),
        ({"step": "0.003"}, {}, "is no multiple of the exchange's step 0.003"),
        ({"max_quantity": "0.002"}, {}, "is above 0.002, the most that the exchange takes"),
        ({"tick": "0.3"}, {"order_type": "limit"}, "is no multiple of the tick 0.3"),
        ({"multiplier_up": "0.9"}, {"order_type": "limit"}, "At most 45,000 quote currency."),
        ({"multiplier_down": "1.1"}, LIMIT_SELL, "At least 55,000 quote currency."),
    ],
)
def test_what_would_have_passed_is_on_the_right_side_of_the_limit(
    rules: dict[str, str], fields: dict[str, Any], told: str
) -> None:
    known = {"market": market_view(market_state(rules=symbol_rules(**rules)))}
    (breach,) = explain(recorded(circumstances=known, **fields), {}).breaches
    assert told in breach.would_have_passed


def test_the_least_that_the_exchange_takes_is_told_as_one() -> None:
    far_below = market_view(market_state(price=30_000), band_share=Decimal(1))
    explanation = explain(recorded(circumstances={"market": far_below}, quantity=0.002), {})
    told = {each.breach.code: each.would_have_passed for each in explanation.breaches}
    assert told[Code.FILTER_MIN_NOTIONAL] == "At least 100 USD."


def test_a_number_that_must_be_above_zero_is_not_told_to_be_below_it() -> None:
    explanation = explain(recorded(price=-1.0), {})
    assert explanation.breaches[0].would_have_passed == "price is -1 and must be above 0."


def test_a_switch_is_told_as_it_is_set() -> None:
    explanation = explain(recorded(layer("global", enabled=False)), {})
    assert "With enabled = true in global it would have passed." in explanation.summary


def test_several_limits_of_one_scope_are_lifted_together() -> None:
    explanation = explain(recorded(small_orders(enabled=False)), {})
    assert explanation.policy_that_passes is not None
    assert explanation.policy_that_passes.parameters == {"enabled": True, "max_position_size_usd": 500.0}
    assert "One more limit" in explanation.summary


def test_an_approval_explains_itself() -> None:
    explanation = explain(recorded(), {})
    assert (explanation.summary, explanation.breaches) == ("buy BTCUSDT approved.", ())
