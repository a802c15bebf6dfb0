"""Metrics of the recorder, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from cio_strategist.domain.record.accounting import Account


class RecorderTelemetry:
    """`RecorderMetrics` on a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._appended = Counter(
            "cio_recorder_entries", "Entries added to the audit chain.", ["kind"], registry=registry
        )
        self._repeated = Counter(
            "cio_recorder_repeated", "Records that came again and were in the chain already.", registry=registry
        )
        self._backlog = Gauge(
            "cio_recorder_backlog", "Messages of a stream that are not in the chain yet.", ["stream"], registry=registry
        )
        self._accounted = Counter(
            "cio_recorder_accounted",
            "Intents, and records without one, by what accounting made of them.",
            ["result"],
            registry=registry,
        )

    def appended(self, kind: str, entries: int) -> None:
        """Count entries that were added."""
        self._appended.labels(kind).inc(entries)

    def repeated(self, entries: int) -> None:
        """Count records that were in the chain already."""
        self._repeated.inc(entries)

    def backlog(self, stream: str, waiting: int) -> None:
        """Show how many messages of a stream wait."""
        self._backlog.labels(stream).set(waiting)

    def accounted(self, account: Account) -> None:
        """Count what an accounting found."""
        self._accounted.labels("matched").inc(account.matched)
        self._accounted.labels("missing").inc(len(account.missing))
        self._accounted.labels("unanswered").inc(len(account.unanswered))
        self._accounted.labels("surplus").inc(len(account.surplus))

    def watch(self, *, leads: Callable[[], bool], head: Callable[[], int], signed_to: Callable[[], int]) -> None:
        """Show who leads and how far the chain goes, as read at each scrape."""
        told = (
            ("cio_recorder_leader", "1 while this recorder leads.", lambda: float(leads())),
            ("cio_recorder_head", "Sequence of the newest entry that this recorder knows of.", lambda: float(head())),
            ("cio_recorder_signed_to", "Sequence up to which checkpoints go.", lambda: float(signed_to())),
        )
        for name, text, read in told:
            Gauge(name, text, registry=self._registry).set_function(read)
