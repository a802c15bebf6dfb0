import pytest

from cio_decision.context import LedgerView
from cio_decision.evaluation import evaluate
from cio_decision.gates import daily_trades
from petrosa_contracts import Code, ResolvedPolicy
from tests.builders import breached, context, intent, passes, policy

LIMIT = 5


def after(count: int, scope: str, resolved: ResolvedPolicy) -> object:
    return context(policy=resolved, ledger=LedgerView(trades_today={scope: count}))


SCOPES = ["global", "symbol:BTCUSDT", "strategy:momentum_v1", "symbol_side:BTCUSDT:LONG"]


@pytest.mark.parametrize("scope", SCOPES)
def test_the_last_trade_of_the_budget_passes(scope: str) -> None:
    resolved = policy(scope=scope, max_daily_trades=LIMIT)
    assert passes(daily_trades.check(intent(), after(LIMIT - 1, scope, resolved)))


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("count", [LIMIT, LIMIT + 1])
def test_a_used_up_budget_is_vetoed_for_the_scope_that_set_it(scope: str, count: int) -> None:
    resolved = policy(scope=scope, version=6, max_daily_trades=LIMIT)
    breach = breached(daily_trades.check(intent(), after(count, scope, resolved)))
    assert (breach.code, breach.measured, breach.limit, breach.unit) == (Code.DAILY_TRADES, count, LIMIT, "count")
    assert (breach.scope, breach.version) == (scope, 6)
    assert f"{scope} has made {count} trades" in breach.message
    assert f"may make {LIMIT}" in breach.message


def test_trades_of_other_scopes_do_not_count() -> None:
    resolved = policy(scope="strategy:momentum_v1", max_daily_trades=LIMIT)
    assert passes(daily_trades.check(intent(), after(99, "global", resolved)))


def test_under_the_default_each_strategy_counts_for_itself() -> None:
    default = policy()
    assert passes(daily_trades.check(intent(), after(100, "global", default)))
    breach = breached(daily_trades.check(intent(), after(100, "strategy:momentum_v1", default)))
    assert (breach.limit, breach.scope, breach.version) == (100, "defaults", 0)


def test_a_scope_without_trades_has_its_whole_budget() -> None:
    assert passes(daily_trades.check(intent(), context(policy=policy(max_daily_trades=1))))


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    resolved = policy(max_daily_trades=1)
    assert evaluate(intent(action=action), after(50, "global", resolved)).approved
