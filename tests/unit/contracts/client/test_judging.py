import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrosa_contracts import Code, FailSafeLimits, Mode
from petrosa_contracts.client.governance import Knowledge
from petrosa_contracts.client.judging import MAX_PAYLOAD_BYTES, judge, propose
from tests.unit.contracts.client.answers import intent

LIMITS = FailSafeLimits()
GOOD: dict[str, Any] = {
    "mode": Mode.ACTIVE,
    "epoch": 7,
    "heartbeat_age": 1.0,
    "approved_lately": True,
    "entered": False,
}

knowledge = st.builds(
    Knowledge,
    mode=st.none() | st.sampled_from(Mode),
    epoch=st.none() | st.integers(0, 9),
    heartbeat_age=st.none() | st.floats(0, 200),
    approved_lately=st.booleans(),
    entered=st.booleans(),
)
numbers = st.floats(0, 1e6) | st.sampled_from([0.0, 0.1, 10.0, 11.0, 50000.0, math.inf, math.nan, -1.0])
intents = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["buy", "sell", "close", "hold"]),
        "price": numbers,
        "current_price": numbers,
        "quantity": numbers,
        "recommended_leverage": st.none() | numbers | st.sampled_from([True, "5", 200]),
        "position_size_pct": st.none() | st.floats(0, 1),
    }
).map(lambda fields: intent(**fields))


def code_of(payload: dict[str, Any], *, equity: Decimal | float | None = None, **known: Any) -> Code | None:
    breach = judge(propose(payload, equity), Knowledge(**{**GOOD, **known}), LIMITS)
    return None if breach is None else breach.code


def test_a_small_entry_on_a_known_symbol_passes_while_the_heartbeat_is_fresh() -> None:
    assert code_of(intent()) is None
    assert code_of(intent(action="sell")) is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"quantity": 0.1}, None),
        ({"quantity": 0.1001}, Code.FAILSAFE_LIMIT),
        ({"quantity": 0.1, "price": 50000.01}, Code.FAILSAFE_LIMIT),
        ({"quantity": "0.2"}, Code.FAILSAFE_LIMIT),
        ({"recommended_leverage": 10}, None),
        ({"recommended_leverage": 10.5}, Code.FAILSAFE_LIMIT),
        ({"recommended_leverage": "5"}, Code.PAYLOAD_INVALID),
        ({"recommended_leverage": 10**400}, Code.PAYLOAD_INVALID),
        ({"price": 0.0}, Code.PAYLOAD_INVALID),
        ({"current_price": math.nan}, Code.PAYLOAD_INVALID),
        ({"quantity": math.inf}, Code.PAYLOAD_INVALID),
        ({"quantity": -1.0}, Code.PAYLOAD_INVALID),
        ({"action": "double"}, Code.PAYLOAD_INVALID),
        ({"symbol": None}, Code.PAYLOAD_INVALID),
        ({"metadata": {"notes": "x" * MAX_PAYLOAD_BYTES}}, Code.PAYLOAD_INVALID),
        ({"action": "hold", "quantity": 9.0}, None),
    ],
)
def test_what_the_intent_says_is_held_against_the_limits(fields: dict[str, Any], code: Code | None) -> None:
    assert code_of(intent(**fields)) is code


@pytest.mark.parametrize(
    ("known", "code"),
    [
        ({"mode": None, "heartbeat_age": None}, Code.FAILSAFE_LIMIT),
        ({"heartbeat_age": 60.0}, None),
        ({"heartbeat_age": 60.1}, Code.FAILSAFE_LIMIT),
        ({"mode": Mode.SAFE}, None),
        ({"mode": Mode.CONSERVATIVE}, None),
        ({"mode": Mode.BLIND}, Code.HALT_ACTIVE),
        ({"mode": Mode.HALTED}, Code.HALT_ACTIVE),
        ({"mode": Mode.HALTED, "heartbeat_age": 1000.0}, Code.HALT_ACTIVE),
        ({"mode": Mode.FROZEN}, Code.FROZEN),
        ({"approved_lately": False}, Code.FAILSAFE_LIMIT),
        ({"entered": True}, Code.FAILSAFE_LIMIT),
    ],
)
def test_what_is_known_decides_whether_an_entry_may_pass(known: dict[str, Any], code: Code | None) -> None:
    assert code_of(intent(), **known) is code


def test_a_share_of_equity_passes_only_where_it_can_be_valued() -> None:
    payload = intent(position_size_pct=0.05)
    assert code_of(payload) is Code.FAILSAFE_LIMIT
    for number in (Decimal, int, float):
        assert code_of(payload, equity=number(100_000)) is None
        assert code_of(payload, equity=number(100_001)) is Code.FAILSAFE_LIMIT


@pytest.mark.parametrize("number", [Decimal, float])
@pytest.mark.parametrize("equity", ["nan", "inf", "-inf", "-5", "0"])
def test_an_equity_that_means_nothing_counts_as_unknown(number: type[Decimal | float], equity: str) -> None:
    assert propose(intent(), number(equity)).equity is None


def test_a_breach_tells_what_was_measured_against_which_limit() -> None:
    breach = judge(propose(intent(quantity=0.2)), Knowledge(**GOOD), LIMITS)
    assert breach is not None
    assert (breach.gate, breach.measured, breach.limit, breach.unit) == ("failsafe_limit", 10000.0, 5000.0, "USD")
    assert breach.message == "The gate did not answer, and an order worth up to 10,000 USD is above 5,000."


@given(intents, knowledge, st.none() | st.decimals(0, 10**7, allow_nan=False))
def test_no_entry_passes_beyond_any_limit(payload: dict[str, Any], known: Knowledge, equity: Decimal | None) -> None:
    if payload["action"] not in {"buy", "sell"} or judge(propose(payload, equity), known, LIMITS) is not None:
        return
    price = max(payload["price"], payload["current_price"])
    assert payload["quantity"] * price <= LIMITS.max_position_size_usd * (1 + 1e-9)
    if payload["position_size_pct"]:
        assert equity is not None
        assert float(equity) * payload["position_size_pct"] * price <= (
            LIMITS.max_position_size_usd * payload["current_price"] * (1 + 1e-9)
        )
    assert (payload["recommended_leverage"] or 0) <= LIMITS.max_leverage
    assert known.approved_lately
    assert not known.entered
    assert known.heartbeat_age is not None
    assert known.heartbeat_age <= LIMITS.heartbeat_timeout_seconds
    assert known.mode in {Mode.ACTIVE, Mode.SAFE, Mode.CONSERVATIVE}


@given(intents, knowledge)
def test_an_exit_passes_whatever_it_says_and_whatever_is_known_unless_the_gate_was_frozen(
    payload: dict[str, Any], known: Knowledge
) -> None:
    breach = judge(propose({**payload, "action": "close"}), known, LIMITS)
    assert (breach is None) == (known.mode is not Mode.FROZEN)


@given(intents, knowledge)
def test_the_same_intent_and_knowledge_give_the_same_judgement(payload: dict[str, Any], known: Knowledge) -> None:
    assert judge(propose(payload), known, LIMITS) == judge(propose(payload), known, LIMITS)
