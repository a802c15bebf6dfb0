from datetime import UTC, datetime

from cio_decision.context import LedgerView
from cio_strategist.domain.audit import AuditRecord
from cio_strategist.domain.explanation import explain, origins_of
from petrosa_contracts import Mode
from tests.builders import control, layer
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
    assert (origin.parameter, origin.scope, origin.version) == ("max_position_size_usd", "global", 4)
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
    assert explanation.breaches[0].would_have_passed == "At least 0.95 fraction."


def test_a_default_was_set_by_nobody() -> None:
    explanation = explain(recorded(quantity=1.0), {})
    assert "default: nobody has set it" in explanation.summary
    assert explanation.policy_that_passes is not None
    assert explanation.policy_that_passes.scope == "global"


def test_one_trade_more_is_needed_where_the_count_was_reached() -> None:
    full = {"ledger": LedgerView(trades_today={"global": 5})}
    explanation = explain(recorded(layer("global", max_daily_trades=5), circumstances=full), {})
    assert explanation.breaches[0].would_have_passed == "Fewer than 5 count."
    assert explanation.policy_that_passes is not None
    assert explanation.policy_that_passes.parameters == {"max_daily_trades": 6}


def test_no_policy_helps_against_a_halt() -> None:
    explanation = explain(recorded(circumstances={"control": control(Mode.HALTED)}), {})
    assert explanation.policy_that_passes is None
    assert explanation.breaches[0].origin is None


def test_several_limits_of_one_scope_are_lifted_together() -> None:
    explanation = explain(recorded(small_orders(enabled=False)), {})
    assert explanation.policy_that_passes is not None
    assert explanation.policy_that_passes.parameters == {"enabled": True, "max_position_size_usd": 500.0}
    assert "One more limit" in explanation.summary


def test_an_approval_explains_itself() -> None:
    explanation = explain(recorded(), {})
    assert (explanation.summary, explanation.breaches) == ("buy BTCUSDT approved.", ())
