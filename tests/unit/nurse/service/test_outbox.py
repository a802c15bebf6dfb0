import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from cio_decision.decoding import PayloadLimits, Unreadable, decode
from cio_decision.evaluation import evaluate, refuse
from cio_nurse.domain.dialects import DIALECTS
from cio_nurse.service.outbox import Outbox
from petrosa_contracts import Code, Mode, TraceContext, Verdict
from tests.builders import DECISION, NOW, arrival, context, intent, raw
from tests.fakes import FakeMetrics, FakeTransport

TRACE = TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
ABOUT = "cio.verdict.momentum_v1"


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def metrics() -> FakeMetrics:
    return FakeMetrics()


@pytest.fixture
def outbox(transport: FakeTransport, metrics: FakeMetrics) -> Outbox:
    return Outbox(transport=transport, dialect=DIALECTS["classic"], signals="signals.trading", metrics=metrics)


def approval(**fields: Any) -> Verdict:
    return evaluate(intent(**fields), context())


def veto(**fields: Any) -> Verdict:
    return evaluate(intent(**{"confidence": 0.1, **fields}), context())


class TestAnApproval:
    async def test_the_signal_leaves_first_then_the_reply_then_the_record(
        self, outbox: Outbox, transport: FakeTransport
    ) -> None:
        assert await outbox.approve(arrival(reply="_INBOX.1"), approval())
        assert [message.subject for message in transport.published] == ["signals.trading", "_INBOX.1", ABOUT]
        assert transport.signals[0].decision_id == DECISION

    async def test_reply_and_record_are_the_verdict(self, outbox: Outbox, transport: FakeTransport) -> None:
        verdict = approval()
        await outbox.approve(arrival(reply="_INBOX.1"), verdict)
        assert [message.verdict for message in transport.published[1:]] == [verdict, verdict]

    async def test_who_did_not_ask_gets_no_reply(self, outbox: Outbox, transport: FakeTransport) -> None:
        await outbox.approve(arrival(reply=""), approval())
        assert [message.subject for message in transport.published] == ["signals.trading", ABOUT]

    async def test_the_signal_is_the_dialects(self, transport: FakeTransport, metrics: FakeMetrics) -> None:
        outbox = Outbox(transport=transport, dialect=DIALECTS["governed"], signals="signals.x", metrics=metrics)
        await outbox.approve(arrival(), approval())
        (signal,) = transport.signals
        assert signal.subject == "signals.x.momentum_v1"
        assert (signal.content["source"], signal.content["decision_id"]) == ("petrosa-cio", DECISION)

    async def test_the_trace_of_the_intent_goes_on(self, outbox: Outbox, transport: FakeTransport) -> None:
        await outbox.approve(arrival(trace=TRACE, headers={"traceparent": "whatever"}), approval())
        (signal,) = transport.signals
        assert signal.headers == TRACE.carrier()
        assert signal.content["_otel_trace_context"] == TRACE.carrier()

    async def test_without_a_trace_the_decision_begins_one(self, outbox: Outbox, transport: FakeTransport) -> None:
        await outbox.approve(arrival(), approval())
        (signal,) = transport.signals
        assert signal.headers is None
        assert signal.content["_otel_trace_context"]["traceparent"].split("-")[1] == DECISION

    async def test_it_is_counted(self, outbox: Outbox, metrics: FakeMetrics) -> None:
        await outbox.approve(arrival(), approval())
        assert (metrics.signals, len(metrics.verdicts)) == ({"published": 1}, 1)

    async def test_without_a_connection_nothing_is_announced(
        self, outbox: Outbox, transport: FakeTransport, metrics: FakeMetrics
    ) -> None:
        transport.disconnect()
        assert not await outbox.approve(arrival(), approval())
        assert (transport.published, metrics.verdicts, metrics.signals) == ([], [], {"not_connected": 1})

    async def test_a_signal_that_left_counts_although_its_verdict_could_not(
        self, outbox: Outbox, transport: FakeTransport, metrics: FakeMetrics
    ) -> None:
        transport.before_publish = lambda: transport.disconnect() if transport.published else None
        assert await outbox.approve(arrival(), approval())
        assert len(transport.published) == 1
        assert metrics.signals == {"published": 1}

    async def test_it_is_logged_quietly(self, outbox: Outbox, log_events: list[MutableMapping[str, Any]]) -> None:
        await outbox.approve(arrival(), approval())
        (event,) = log_events
        assert (event["event"], event["log_level"], event["symbol"]) == ("intent_approved", "debug", "BTCUSDT")


class TestAVeto:
    async def test_reply_and_record_carry_it_and_no_signal_leaves(
        self, outbox: Outbox, transport: FakeTransport, metrics: FakeMetrics
    ) -> None:
        verdict = veto()
        await outbox.veto(verdict, "_INBOX.1")
        assert [(message.subject, message.verdict) for message in transport.published] == [
            ("_INBOX.1", verdict),
            (ABOUT, verdict),
        ]
        assert transport.signals == []
        assert metrics.verdicts == [verdict]

    async def test_its_json_has_the_fixed_form(self, outbox: Outbox, transport: FakeTransport) -> None:
        await outbox.veto(veto(signal_id="sig-1"), "_INBOX.1")
        content = transport.published[0].content
        assert list(content) == [
            "decision_id", "verdict", "code", "message", "breaches", "mode", "epoch", "strategy_id", "symbol",
            "action", "signal_id", "received_at", "latency_ms",
        ]  # fmt: skip
        assert (content["verdict"], content["code"], content["mode"]) == ("vetoed", "CONFIDENCE_LOW", "ACTIVE")
        assert list(content["breaches"][0]) == [
            "code", "gate", "measured", "limit", "unit", "scope", "version", "message"
        ]  # fmt: skip

    async def test_the_record_subject_of_a_strange_strategy_is_a_safe_one(
        self, outbox: Outbox, transport: FakeTransport
    ) -> None:
        await outbox.veto(veto(strategy_id="a b.*>\n"), "")
        assert transport.published[0].subject == "cio.verdict.a_b____"

    async def test_without_a_connection_it_is_logged_and_nothing_is_raised(
        self, outbox: Outbox, transport: FakeTransport, log_events: list[MutableMapping[str, Any]]
    ) -> None:
        transport.disconnect()
        await outbox.veto(veto(), "_INBOX.1")
        assert [event["event"] for event in log_events] == ["intent_vetoed", "verdict_not_published"]

    async def test_a_measure_that_json_cannot_hold_becomes_null(self, outbox: Outbox, transport: FakeTransport) -> None:
        verdict = evaluate(intent(quantity=1e300, price=1e300), context())
        await outbox.veto(verdict, "_INBOX.1")
        assert transport.published[0].content["breaches"][0]["measured"] is None


class TestARefusal:
    async def refused(self, outbox: Outbox, data: bytes) -> None:
        unreadable = decode(data, PayloadLimits())
        assert isinstance(unreadable, Unreadable)
        verdict = refuse(unreadable, decision_id=DECISION, mode=Mode.SAFE, epoch=3, received_at=NOW, latency_ms=0.5)
        await outbox.veto(verdict, "_INBOX.1")

    async def test_it_is_a_veto_with_what_could_be_recognised(self, outbox: Outbox, transport: FakeTransport) -> None:
        await self.refused(outbox, raw(action="BUY", signal_id="sig-1", price=-1))
        assert [message.subject for message in transport.published] == ["_INBOX.1", ABOUT]
        verdict = transport.published[0].verdict
        assert (verdict.code, verdict.approved) == (Code.PAYLOAD_INVALID, False)
        assert (verdict.strategy_id, verdict.symbol, verdict.action) == ("momentum_v1", "BTCUSDT", "BUY")
        assert (verdict.signal_id, verdict.mode, verdict.epoch) == ("sig-1", Mode.SAFE, 3)
        assert (verdict.received_at, verdict.latency_ms) == (NOW, 0.5)
        assert len(verdict.decision_id) == 32

    @pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"{}", json.dumps({"strategy_id": 5}).encode()])
    async def test_what_has_no_strategy_is_recorded_under_unknown(
        self, outbox: Outbox, transport: FakeTransport, data: bytes
    ) -> None:
        await self.refused(outbox, data)
        assert transport.published[-1].subject == "cio.verdict.unknown"
        assert transport.published[-1].verdict.strategy_id is None
