"""What bots send, and what the engine gets of it."""

import json
from datetime import UTC, datetime
from typing import Any

import nats.errors
import pytest

from petrosa_contracts import Code, subjects
from tests.integration.nurse.fleet import Bus, Engine, instant_of, intent, is_number_as_text, refreshed
from tests.integration.nurse.gate import Gate
from tests.samples import Sample, load_samples, load_shared_samples

pytestmark = pytest.mark.servers

GATE_SETTINGS = {"NATS_TOPIC_INTENTS": "cio.intent.>,intent.>"}

SAMPLES = [*load_samples(), *load_shared_samples()]

WRONG_STOPS = ("cio_head_close_becomes_sell.json", "cio_head_hold_becomes_sell.json")
"""Sells that kept the stops of a long. An engine moves such stops in silence; the gate says so."""

HUGE = 10**400
"""Beyond the floats, and what `1e999` is not: JSON writes it as an integer."""

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER_TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def named(samples: list[Sample]) -> list[Any]:
    return [pytest.param(sample, id=f"{position}-{sample.name}") for position, sample in enumerate(samples)]


def subject_of(sample: Sample) -> str:
    is_intent = sample.subject.startswith(("cio.intent.", "intent."))
    return sample.subject if is_intent else subjects.intent(sample.payload["strategy_id"])


def is_taken(sample: Sample) -> bool:
    return sample.accepted and sample.name not in WRONG_STOPS and not is_number_as_text(sample.payload.get("timestamp"))


def traceparent_of(payload: dict[str, Any]) -> str | None:
    for field in ("_otel_trace_context", "_otel_trace_headers"):
        if found := (payload.get(field) or {}).get("traceparent"):
            return found
    return None


@pytest.mark.parametrize("sample", named([sample for sample in SAMPLES if is_taken(sample)]))
async def test_what_a_producer_sends_reaches_the_engine_unchanged_but_for_the_stamps(
    gate: Gate, bus: Bus, engine: Engine, sample: Sample
) -> None:
    payload = refreshed(sample.payload)
    verdict = await bus.ask(payload, subject=subject_of(sample))
    assert verdict.approved, verdict.message
    assert verdict.strategy_id == payload["strategy_id"]
    signal = await engine.received(verdict.decision_id)
    assert engine.messages[-1].subject == "signals.trading"
    stamps = {"decision_id", "_otel_trace_context", "timestamp"}
    assert {k: v for k, v in signal.items() if k not in stamps} == {k: v for k, v in payload.items() if k not in stamps}
    assert signal["timestamp"] == instant_of(payload["timestamp"]).astimezone(UTC).replace(tzinfo=None).isoformat()
    expected_trace = traceparent_of(payload)
    if expected_trace is None:
        assert signal["_otel_trace_context"]["traceparent"].split("-")[1] == verdict.decision_id
    else:
        assert signal["_otel_trace_context"]["traceparent"] == expected_trace


@pytest.mark.parametrize("sample", named([sample for sample in SAMPLES if not sample.accepted]))
async def test_an_order_shaped_payload_is_vetoed_as_unreadable(
    gate: Gate, bus: Bus, engine: Engine, sample: Sample
) -> None:
    verdict = await bus.ask(refreshed(sample.payload), subject=subject_of(sample))
    assert verdict.code is Code.PAYLOAD_INVALID
    assert {breach.measured for breach in verdict.breaches} >= {"strategy_id", "action", "current_price", "source"}
    await bus.settle()
    assert engine.messages == []


@pytest.mark.parametrize("sample", named([sample for sample in SAMPLES if sample.name in WRONG_STOPS]))
async def test_a_stop_on_the_wrong_side_is_vetoed_though_an_engine_would_take_it(
    gate: Gate, bus: Bus, sample: Sample
) -> None:
    verdict = await bus.ask(refreshed(sample.payload), subject=subject_of(sample))
    assert verdict.code is Code.STOP_INVALID


@pytest.mark.parametrize("stamp", ["seconds as text", "milliseconds", "a day", "null", "nothing"])
async def test_an_entry_without_a_readable_instant_is_stale_and_an_exit_gets_the_time_of_receipt(
    gate: Gate, bus: Bus, engine: Engine, stamp: str
) -> None:
    now = datetime.now(UTC)
    forms = {"seconds as text": str(int(now.timestamp())), "milliseconds": int(now.timestamp() * 1000)}
    forms |= {"a day": now.date().isoformat(), "null": None}
    fields = {} if stamp == "nothing" else {"timestamp": forms[stamp]}
    entry, leaving = ({**intent(action=action, without=["timestamp"]), **fields} for action in ("buy", "close"))
    assert (await bus.ask(entry)).code is Code.INTENT_STALE
    verdict = await bus.ask(leaving)
    assert verdict.approved
    signal = await engine.received(verdict.decision_id)
    assert signal["timestamp"] == verdict.received_at.replace(tzinfo=None).isoformat()


@pytest.mark.parametrize("subject", ["intent.trading.*", "intent.trading.x", "cio.intent.trading", "cio.intent.x.y.z"])
async def test_the_strategy_is_taken_from_the_payload_whatever_the_subject(
    gate: Gate, bus: Bus, engine: Engine, subject: str
) -> None:
    verdict = await bus.ask(intent("Iceberg Order Detector"), subject=subject)
    assert verdict.approved
    assert verdict.strategy_id == "Iceberg Order Detector"
    assert (await engine.received(verdict.decision_id))["strategy_id"] == "Iceberg Order Detector"


async def test_a_trace_in_the_headers_goes_before_one_in_the_payload_and_leaves_in_both_places(
    gate: Gate, bus: Bus, engine: Engine
) -> None:
    payload = intent(_otel_trace_context={"traceparent": OTHER_TRACEPARENT})
    verdict = await bus.ask(payload, headers={"traceparent": TRACEPARENT})
    signal = await engine.received(verdict.decision_id)
    assert signal["_otel_trace_context"] == {"traceparent": TRACEPARENT}
    assert (engine.messages[-1].headers or {}).get("traceparent") == TRACEPARENT


async def test_values_keep_their_precision_and_unknown_fields_stay(gate: Gate, bus: Bus, engine: Engine) -> None:
    extras = {
        "sequence": 2**63 + 1,
        "exact": 0.1 + 0.2,
        "tiny": 1.7976931348623157e-308,
        "nested": {"list": [1, None, {"ключ": "值\u2028"}], "empty": {}},
        "metadata": {"note": 'quotes " and \\ and \u0000'},
        "price": 50000,
        "quantity": 0.010000000000000002,
    }
    verdict = await bus.ask(intent(**extras))
    assert verdict.approved, verdict.message
    signal = await engine.received(verdict.decision_id)
    assert {name: signal[name] for name in extras} == extras


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b"\xff\xfe{}",
        b'{"strategy_id": "a", "strategy_id": "b"}',
        b'{"price": NaN}',
        b'{"price": 1e999}',
        b'{"price": ' + b"9" * 400 + b"}",
        b'{"strategy_id": "\\ud800"}',
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b'{"metadata": "' + b"x" * 70_000 + b'"}',
        json.dumps(intent(price=0.0)).encode(),
        json.dumps(intent(current_price=-1.0)).encode(),
        json.dumps(intent(quantity="0.01")).encode(),
        json.dumps(intent(quantity=True)).encode(),
        json.dumps(intent(action="BUY")).encode(),
        json.dumps(intent(symbol="btcusdt")).encode(),
        json.dumps(intent(symbol="BTC USDT")).encode(),
        json.dumps(intent(strategy_id="  ")).encode(),
        json.dumps(intent(recommended_leverage="10")).encode(),
        json.dumps(intent(action="close", quantity=-1)).encode(),
        *(json.dumps(intent(**{name: HUGE})).encode() for name in ("price", "quantity", "confidence")),
        json.dumps(intent(action="close", stop_loss_pct=HUGE)).encode(),
    ],
    ids=lambda body: body[:24].decode(errors="replace"),
)
async def test_what_cannot_be_read_gets_one_verdict_and_no_signal(
    gate: Gate, bus: Bus, engine: Engine, body: bytes
) -> None:
    verdicts = await bus.listen("cio.verdict.>")
    verdict = await bus.ask(body, subject="cio.intent.trading.odd")
    assert verdict.code is Code.PAYLOAD_INVALID, verdict.message
    assert verdict.breaches[0].message == verdict.message
    assert (await bus.ask(intent())).approved
    await bus.settle()
    assert [payload["decision_id"] for payload in verdicts.payloads].count(verdict.decision_id) == 1
    assert len(engine.messages) == 1


@pytest.mark.parametrize(
    "name", ["recommended_leverage", "position_size_pct", "stop_loss_pct", "stop_loss", "intent_id"]
)
@pytest.mark.parametrize(
    "number",
    [HUGE, -HUGE, 2**1024 - 1, 1e308, int("9" * 4000)],
    ids=lambda number: f"{number:.3}" if isinstance(number, float) else f"{number.bit_length()} bits",
)
async def test_no_number_is_too_large_for_an_answer(
    gate: Gate, bus: Bus, engine: Engine, name: str, number: float
) -> None:
    verdict = await bus.ask(intent(**{name: number}), subject="cio.intent.trading.odd")
    assert verdict.message
    assert (await bus.ask(intent())).approved


async def test_subjects_that_overlap_bring_each_intent_once(new_gate, bus: Bus, engine: Engine) -> None:
    new_gate(NATS_TOPIC_INTENTS="overlap.>,overlap.trading.*,overlap.trading").start_ready()
    verdicts = await bus.listen("cio.verdict.twice")
    verdict = await bus.ask(intent("twice"), subject="overlap.trading.twice")
    assert verdict.approved
    await engine.received(verdict.decision_id)
    await bus.ask(intent("another"), subject="overlap.trading")
    await bus.settle()
    assert len(verdicts.messages) == 1


async def test_a_topic_without_a_wildcard_means_itself_and_all_below(new_gate, bus: Bus) -> None:
    new_gate(NATS_TOPIC_INTENTS="below.trading").start_ready()
    for subject in ("below.trading", "below.trading.x", "below.trading.x.y"):
        assert (await bus.ask(intent(), subject=subject)).strategy_id == "momentum_v1"
    for subject in ("below", "below.other", "below.tradings"):
        with pytest.raises(nats.errors.NoRespondersError):
            await bus.ask(intent(), subject=subject)
