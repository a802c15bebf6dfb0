"""A gate with a file of primal limits, as a process: what it says of them, and that they hold."""

import json
from collections.abc import Callable

import pytest

from petrosa_contracts import Alert, Code
from petrosa_contracts.primal import BUILT_IN
from tests.integration.nurse.fleet import Bus, Engine, exit_of, intent
from tests.integration.nurse.gate import Gate
from tests.integration.nurse.store import Store
from tests.primal import PrimalFolder

pytestmark = pytest.mark.servers


async def code_of_order_worth(bus: Bus, usd: float) -> Code | None:
    return (await bus.ask(intent(price=1000.0, current_price=1000.0, quantity=usd / 1000))).code


async def test_signed_limits_hold_whatever_policy_says(
    new_gate: Callable[..., Gate], store: Store, bus: Bus, engine: Engine, folder: PrimalFolder
) -> None:
    gate = new_gate(NURSE_PRIMAL_FILE=str(folder.limits)).start_ready()
    await gate.at_epoch(store.set_policy("global", {"max_position_size_usd": 1_000_000.0}))
    primal = gate.readiness()[1]["primal"]
    assert (primal["source"], primal["revision"], primal["signers"]) == ("file", 3, ["alice", "bob"])
    assert gate.metric("cio_nurse_primal_signed") == 1
    assert await code_of_order_worth(bus, 5000.0) is None
    verdict = await bus.ask(intent(quantity=0.2))
    assert verdict.code is Code.PRIMAL_LIMIT
    (breach,) = verdict.breaches
    assert (breach.measured, breach.limit, breach.scope, breach.version) == (10_000.0, 5000.0, "primal", 3)
    assert (await bus.ask(exit_of(quantity=99.0))).approved


async def test_changed_limits_leave_the_gate_on_the_built_in_ones_and_it_says_so(
    new_gate: Callable[..., Gate], store: Store, bus: Bus, engine: Engine, folder: PrimalFolder
) -> None:
    folder.change("order_notional_usd = 5000", "order_notional_usd = 900000")
    alerts = await bus.client.subscribe("alerts.>")
    await bus.client.flush()  # starting the gate stops this loop
    await bus.client.flush()
    gate = new_gate(NURSE_PRIMAL_FILE=str(folder.limits)).start_ready()
    await gate.at_epoch(store.set_policy("global", {"max_position_size_usd": 1_000_000.0}))
    message = await alerts.next_msg(timeout=30)
    alert = Alert.model_validate_json(message.data)
    assert (message.subject, alert.category, alert.severity) == ("alerts.cio.primal.nurse", "primal", "critical")
    assert "limits.toml has 0 good signatures of 2 needed" in alert.message
    primal = gate.readiness()[1]["primal"]
    assert (primal["source"], primal["revision"], primal["digest"]) == ("built-in", 0, BUILT_IN.digest())
    assert "0 good signatures of 2 needed" in primal["problem"]
    assert gate.metric("cio_nurse_primal_signed") == 0
    (event,) = gate.events("primal_limits_built_in")
    assert event["level"] == "error"
    pulse = json.loads((await bus.client.request("cio.ping", b"", timeout=30)).data)
    assert pulse["status"] == "DEGRADED"
    assert "built-in tightest primal limits hold: limits.toml has 0 good" in pulse["reasons"][0]
    assert await code_of_order_worth(bus, 1000.0) is None
    assert await code_of_order_worth(bus, 1001.0) is Code.PRIMAL_LIMIT
    assert alerts.pending_msgs == 0


async def test_a_running_gate_takes_no_notice_of_the_file(
    new_gate: Callable[..., Gate], store: Store, bus: Bus, engine: Engine, folder: PrimalFolder
) -> None:
    gate = new_gate(NURSE_PRIMAL_FILE=str(folder.limits)).start_ready()
    await gate.at_epoch(store.set_policy("global", {"max_position_size_usd": 1_000_000.0}))
    folder.change("order_notional_usd = 5000", "order_notional_usd = 900000")
    folder.sign("alice", "bob")
    assert await code_of_order_worth(bus, 5001.0) is Code.PRIMAL_LIMIT


def test_without_a_file_there_are_no_primal_limits_and_the_gate_says_so_once(
    new_gate: Callable[..., Gate], folder: PrimalFolder
) -> None:
    gate = new_gate().start_ready()
    assert gate.readiness()[1]["primal"] == {"source": "off"}
    assert gate.metric("cio_nurse_primal_signed") == -1
    assert len(gate.events("primal_limits_not_configured")) == 1
