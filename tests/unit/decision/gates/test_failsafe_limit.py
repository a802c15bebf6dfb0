from typing import Any

import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import failsafe_limit
from petrosa_contracts import Code, FailSafeLimits, Mode
from tests.builders import ago, breached, context, control, intent, market_state, market_view, passes, policy

GENEROUS = policy(max_position_size_usd=1_000_000.0)
SAFE: dict[str, Any] = {"control": control(Mode.SAFE, scope="symbol:BTCUSDT", set_by="watchdog", reason="volatility")}
CONSERVATIVE: dict[str, Any] = {"system_mode": Mode.CONSERVATIVE, "system_reason": "Redis is away"}


def of_size(usd: float, **overrides: Any) -> Any:
    return intent(quantity=usd, price=1.0, current_price=1.0, **overrides)


@pytest.mark.parametrize("mode", [SAFE, CONSERVATIVE], ids=["safe", "conservative"])
class TestInBothRestrictedModes:
    def test_an_order_worth_the_limit_passes(self, mode: dict[str, Any]) -> None:
        assert passes(failsafe_limit.check(of_size(5000.0), context(policy=GENEROUS, **mode)))

    def test_an_order_worth_more_is_vetoed(self, mode: dict[str, Any]) -> None:
        breach = breached(failsafe_limit.check(of_size(5000.01), context(policy=GENEROUS, **mode)))
        assert (breach.code, breach.measured, breach.limit) == (Code.FAILSAFE_LIMIT, 5000.01, 5000.0)
        assert breach.unit == "USD"
        assert "5,000.01" in breach.message
        assert "5,000." in breach.message

    @pytest.mark.parametrize("leverage", [10, None])
    def test_leverage_up_to_the_limit_passes(self, mode: dict[str, Any], leverage: int | None) -> None:
        assert passes(failsafe_limit.check(intent(recommended_leverage=leverage), context(**mode)))

    def test_recommended_leverage_above_is_vetoed(self, mode: dict[str, Any]) -> None:
        breach = breached(failsafe_limit.check(intent(recommended_leverage=10.5), context(**mode)))
        assert (breach.measured, breach.limit, breach.unit) == (10.5, 10, "x")
        assert "10.5x" in breach.message

    def test_resolved_leverage_above_is_vetoed(self, mode: dict[str, Any]) -> None:
        breach = breached(failsafe_limit.check(intent(), context(policy=policy(leverage=11), **mode)))
        assert breach.measured == 11

    def test_a_symbol_without_recent_trades_is_vetoed(self, mode: dict[str, Any]) -> None:
        breach = breached(failsafe_limit.check(intent(), context(symbol_known=False, **mode)))
        assert (breach.measured, breach.unit) == ("BTCUSDT", "symbol")
        assert "BTCUSDT" in breach.message

    def test_a_symbol_with_recent_trades_passes(self, mode: dict[str, Any]) -> None:
        assert passes(failsafe_limit.check(intent(), context(**mode)))

    def test_policy_holds_on_top(self, mode: dict[str, Any]) -> None:
        verdict = evaluate(of_size(2000.0), context(**mode))
        assert verdict.code is Code.ORDER_NOTIONAL_MAX

    @pytest.mark.parametrize("action", ["close", "hold"])
    def test_exits_are_exempt(self, mode: dict[str, Any], action: str) -> None:
        strange = context(symbol_known=False, policy=policy(leverage=100), **mode)
        assert evaluate(of_size(1e9, action=action), strange).approved


def test_in_active_mode_the_limits_do_not_hold() -> None:
    assert passes(failsafe_limit.check(of_size(999_999.0), context(policy=GENEROUS)))


@pytest.mark.parametrize("mode", [Mode.HALTED, Mode.FROZEN])
def test_stricter_modes_have_gates_of_their_own(mode: Mode) -> None:
    assert passes(failsafe_limit.check(of_size(9999.0), context(policy=GENEROUS, control=control(mode))))


def test_the_message_names_the_mode_and_who_set_it() -> None:
    breach = breached(failsafe_limit.check(of_size(5001.0), context(policy=GENEROUS, **SAFE)))
    assert all(word in breach.message for word in ("SAFE", "symbol:BTCUSDT", "watchdog", "volatility"))


def test_the_message_names_why_the_gate_is_conservative() -> None:
    breach = breached(failsafe_limit.check(of_size(5001.0), context(policy=GENEROUS, **CONSERVATIVE)))
    assert all(word in breach.message for word in ("CONSERVATIVE", "Redis is away"))


def test_the_stricter_cause_is_named_where_both_restrict() -> None:
    breach = breached(failsafe_limit.check(of_size(5001.0), context(policy=GENEROUS, **SAFE, **CONSERVATIVE)))
    assert "Redis is away" in breach.message


def test_a_mode_set_without_a_reason_says_so() -> None:
    silent = context(policy=GENEROUS, control=control(Mode.SAFE, reason=""))
    breach = breached(failsafe_limit.check(of_size(5001.0), silent))
    assert "no reason given" in breach.message


def test_the_limits_can_be_set() -> None:
    tight = context(failsafe=FailSafeLimits(max_position_size_usd=100.0), **CONSERVATIVE)
    assert passes(failsafe_limit.check(of_size(100.0), tight))
    assert not passes(failsafe_limit.check(of_size(100.1), tight))


def test_the_message_names_the_input_that_is_not_fresh() -> None:
    stale = market_view(market_state(as_of=ago(6)))
    breach = breached(failsafe_limit.check(of_size(5001.0), context(policy=GENEROUS, market=stale, **SAFE)))
    assert "In CONSERVATIVE mode (the market data of BTCUSDT is 6 seconds old) " in breach.message
