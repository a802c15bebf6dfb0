"""What the gate tells of its portfolio: limits that are passed, and a position mode that is not the policy's."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cio_decision.freshness import Input
from cio_nurse.domain.portfolio_troubles import MOST_NAMED
from petrosa_contracts import Alert, AlertSeverity, Code, GovernanceStatus, PolicyLayer, PortfolioState
from petrosa_contracts.primal import BUILT_IN
from tests.builders import NOW, layer, portfolio_state
from tests.wiring import WiredGate

DAY = timedelta(days=1)
FIVE = layer("global", max_daily_loss_pct=0.05)
CRITICAL, WARNING, INFO = AlertSeverity.CRITICAL, AlertSeverity.WARNING, AlertSeverity.INFO


def lost(usd: int, **fields: Any) -> PortfolioState:
    """Return a portfolio that began the day with 10,000 USD and has lost some of it for good."""
    return portfolio_state(equity=10_000, daily_loss_latched=Decimal(usd), **fields)


def fallen(share: str, **fields: Any) -> PortfolioState:
    return portfolio_state(equity=9_000, drawdown_latched=Decimal(share), **fields)


async def gate_with(*layers: PolicyLayer, **fields: Any) -> WiredGate:
    return await WiredGate.started(*layers, needs={Input.PORTFOLIO}, **fields)


async def shows(gate: WiredGate, state: PortfolioState) -> list[Alert]:
    """Let the gate see a portfolio and look, twice; return what that tells."""
    already = len(gate.alerts)
    gate.world.write_portfolio(state)
    await gate.see_inputs()
    gate.troubles.note()
    gate.troubles.note()
    return gate.alerts[already:]


async def sets(gate: WiredGate, *layers: PolicyLayer) -> list[Alert]:
    """Let the gate see a policy and look; return what that tells."""
    already = len(gate.alerts)
    await gate.set(*layers)
    gate.troubles.note()
    return gate.alerts[already:]


async def test_a_loss_within_the_limit_is_no_news() -> None:
    gate = await gate_with(FIVE)
    assert await shows(gate, lost(500)) == []
    assert not gate.troubles.lasts("daily_loss")


async def test_a_loss_beyond_the_limit_is_told_once_without_an_intent_and_says_all_that_an_operator_needs() -> None:
    gate = await gate_with(FIVE)
    (alert,) = await shows(gate, lost(501))
    assert (alert.subject, alert.severity) == ("alerts.cio.daily_loss.nurse", CRITICAL)
    assert alert.message == (
        "501 USD were lost today of the 10,000 that the day began with, beyond the limit of 0.05 (global, version 3), "
        "as the account was read at 12:00:05Z: where that limit holds, entries are vetoed and only what reduces risk "
        "passes, until midnight UTC or until an operator clears it (cio-policy latch clear daily-loss)"
    )
    assert await shows(gate, lost(900, revision=2)) == []
    assert (await gate.decide_one()).code is Code.DAILY_LOSS
    assert gate.troubles.lasts("daily_loss")


async def test_it_ends_with_the_utc_day_though_the_tracker_is_silent() -> None:
    gate = await gate_with(FIVE)
    await shows(gate, lost(501))
    gate.clock.jump(DAY.total_seconds() / 2)
    (alert,) = await shows(gate, lost(501))
    assert (alert.severity, alert.message) == (
        INFO,
        "daily_loss is over under 0.05 (global, version 3): a new UTC day has begun",
    )
    (again,) = await shows(gate, lost(700, day=NOW.date() + DAY, as_of=gate.clock.now()))
    assert again.severity is CRITICAL
    assert len({each.dedupe_key for each in gate.alerts}) == 3


async def test_clearing_ends_it_and_a_loss_after_that_is_news() -> None:
    gate = await gate_with(FIVE)
    await shows(gate, lost(501))
    cleared = {"daily-loss": NOW}
    (over,) = await shows(gate, lost(0, cleared=cleared))
    assert over.message.endswith("an operator cleared it at 12:00:05Z")
    (again,) = await shows(gate, lost(501, cleared=cleared))
    assert again.severity is CRITICAL
    assert len({each.dedupe_key for each in gate.alerts}) == 3


async def test_a_latch_that_was_cleared_and_latched_again_between_two_looks_is_over_and_new() -> None:
    gate = await gate_with(FIVE)
    await shows(gate, lost(501))
    told = await shows(gate, lost(600, cleared={"daily-loss": NOW}))
    assert [alert.severity for alert in told] == [INFO, CRITICAL]


async def test_a_policy_that_allows_more_ends_it_and_one_that_allows_less_begins_it() -> None:
    gate = await gate_with(FIVE)
    await shows(gate, lost(501))
    (over,) = await sets(gate, layer("global", version=4, max_daily_loss_pct=0.06))
    assert over.message.endswith("what is latched is within its limit now, or it has none of its own")
    (again,) = await sets(gate, layer("global", version=5, max_daily_loss_pct=0.05))
    assert again.severity is CRITICAL
    assert len({each.dedupe_key for each in gate.alerts}) == 3


async def test_other_changes_of_the_scope_are_no_news() -> None:
    gate = await gate_with(FIVE)
    await shows(gate, lost(501))
    assert await sets(gate, layer("global", version=4, max_daily_loss_pct=0.05, leverage=3)) == []


async def test_a_tighter_limit_of_one_strategy_is_a_warning_and_the_wider_one_is_told_when_it_is_passed() -> None:
    gate = await gate_with(FIVE, layer("strategy:other", version=2, max_daily_loss_pct=0.02))
    (narrow,) = await shows(gate, lost(201))
    assert narrow.severity is WARNING
    assert "beyond the limit of 0.02 (strategy:other, version 2)," in narrow.message
    assert (await gate.decide_one()).approved
    (wide,) = await shows(gate, lost(501))
    assert wide.severity is CRITICAL
    assert "beyond the limit of 0.05 (global, version 3)," in wide.message


async def test_limits_that_are_passed_together_are_one_alert_that_names_the_widest_first_and_not_all() -> None:
    narrow = [layer(f"strategy:s{number}", version=1, max_daily_loss_pct=0.01) for number in range(40)]
    gate = await gate_with(*narrow, primal=BUILT_IN)
    (alert,) = await shows(gate, lost(501))
    assert (
        "beyond the limit of 0.05 (defaults, version 0), 0.02 (primal, version 0), 0.01 (strategy:s0, version 1), "
    ) in alert.message
    assert f" and {42 - MOST_NAMED} more," in alert.message
    assert alert.severity is CRITICAL


async def test_a_drawdown_is_told_once_until_an_operator_clears_it() -> None:
    gate = await gate_with()
    assert await shows(gate, fallen("0.2")) == []
    (alert,) = await shows(gate, fallen("0.215"))
    assert (alert.subject, alert.severity) == ("alerts.cio.drawdown.nurse", CRITICAL)
    assert alert.message == (
        "equity fell 21.5 % below its peak and is 9,000 USD now, beyond the limit of 20 % (NURSE_DRAWDOWN_LIMIT_PCT), "
        "as the account was read at 12:00:05Z: entries are vetoed and only what reduces risk passes, until an operator "
        "clears it (cio-policy latch clear drawdown)"
    )
    gate.clock.jump(DAY.total_seconds())
    tomorrow = {"day": NOW.date() + DAY, "as_of": NOW + DAY}
    assert await shows(gate, fallen("0.25", **tomorrow)) == []
    (over,) = await shows(gate, fallen("0", cleared={"drawdown": NOW + DAY}, **tomorrow))
    assert over.message.endswith("an operator cleared it at 12:00:05Z")


async def test_another_gate_and_a_restarted_one_tell_it_under_the_same_key() -> None:
    one = await gate_with(FIVE)
    other = await gate_with(FIVE, clock=one.clock, redis=one.redis)
    (first,) = await shows(one, lost(501))
    one.clock.jump(30)
    (second,) = await shows(other, lost(640, as_of=one.clock.now()))
    assert first.message != second.message
    assert first.dedupe_key == second.dedupe_key
    ends = [(await shows(gate, lost(0, cleared={"daily-loss": NOW})))[0] for gate in (one, other)]
    assert ends[0].dedupe_key == ends[1].dedupe_key != first.dedupe_key


@pytest.mark.parametrize(("account", "policy"), [("one-way", "hedge"), ("hedge", "one-way")])
async def test_an_account_in_another_position_mode_than_policy_is_a_warning_once(account: str, policy: str) -> None:
    gate = await gate_with(layer("global", position_mode=policy))
    (alert,) = await shows(gate, portfolio_state(position_mode=account))
    assert (alert.subject, alert.severity) == ("alerts.cio.position_mode.nurse", WARNING)
    assert alert.message == (
        f"the account's position mode is {account} and policy says {policy} (global, version 3), as the account was "
        "read at 12:00:05Z: there an order that opposes a position counts as an entry, and only close is an exit; the "
        "account, the engine and the parameter position_mode have to agree"
    )
    (over,) = await sets(gate, layer("global", version=4, position_mode=account))
    assert (over.severity, over.action) == (INFO, "position_mode")


async def test_the_default_position_mode_counts_and_so_does_that_of_one_strategy() -> None:
    gate = await gate_with()
    (alert,) = await shows(gate, portfolio_state(position_mode="one-way"))
    assert "policy says hedge (defaults, version 0)" in alert.message
    told = await sets(gate, layer("global", position_mode="one-way"), layer("strategy:x", position_mode="hedge"))
    assert [alert.severity for alert in told] == [INFO, WARNING]
    assert "policy says hedge (strategy:x, version 3)" in told[1].message


@pytest.mark.parametrize("state", [portfolio_state(equity=None), portfolio_state(position_mode=None)])
async def test_what_the_tracker_does_not_know_is_no_trouble(state: PortfolioState) -> None:
    assert await shows(await gate_with(), state) == []


async def test_without_a_policy_or_without_the_portfolio_among_the_inputs_nothing_is_told() -> None:
    blind = WiredGate(needs={Input.PORTFOLIO})
    assert await shows(blind, lost(9_000)) == []
    off = await WiredGate.started(FIVE)
    assert await shows(off, lost(9_000)) == []


async def test_the_heartbeat_tells_it_and_stays_active() -> None:
    gate = await gate_with(FIVE)
    await shows(gate, lost(501))
    pulse = gate.heartbeat.pulse()
    assert pulse.status is GovernanceStatus.GOVERNANCE_ACTIVE
    assert pulse.reasons == (
        "501 USD were lost today of the 10,000 that the day began with, beyond the limit of 0.05 (global, version 3)",
    )
    await shows(gate, lost(0, cleared={"daily-loss": NOW}))
    assert gate.heartbeat.pulse().reasons == ()
