import socket
import threading
import time
from collections.abc import Iterator

import pytest

from petrosa_contracts.runtime.otel_export import SHUTDOWN_SECONDS, shut_down, tracer_provider
from tests.otlp import OtlpReceiver


@pytest.fixture
def silent() -> Iterator[str]:
    """A receiver that takes connections and never answers, until whoever waits for it has given up."""
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    for waiting in set(threading.enumerate()) - before:
        waiting.join(60)
        assert not waiting.is_alive()


def test_what_waits_is_sent_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with OtlpReceiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        provider = tracer_provider(["otlp"], service="s", version="1", instance="i")
        provider.get_tracer("t").start_span("last").end()
        shut_down(provider)
        assert [span.name for span in receiver.spans] == ["last"]


def test_a_receiver_that_does_not_answer_holds_up_no_end(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", silent)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "30")
    provider = tracer_provider(["otlp"], service="s", version="1", instance="i")
    provider.get_tracer("t").start_span("last").end()
    began = time.monotonic()
    shut_down(provider)
    assert time.monotonic() - began < SHUTDOWN_SECONDS + 10
