"""Metrics of the market feed, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class FeedTelemetry:
    """`FeedMetrics` on a registry, and gauges that are read at each scrape."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._taken = Counter(
            "cio_strategist_feed_taken", "Observations that were believed.", ["source"], registry=registry
        )
        self._dropped = Counter(
            "cio_strategist_feed_dropped",
            "Messages, rows and candles that were not, by reason.",
            ["source", "reason"],
            registry=registry,
        )
        self._writes = Counter("cio_strategist_feed_writes", "Writes of market state to Redis.", registry=registry)
        self._symbols = Counter("cio_strategist_feed_written_symbols", "Symbols in those writes.", registry=registry)
        self._repaired = Counter(
            "cio_strategist_feed_repaired_fields",
            "Fields in Redis that were not what was written there, found and repaired.",
            registry=registry,
        )
        self._failed = Counter(
            "cio_strategist_feed_failures", "Readings and writes that failed, by what.", ["what"], registry=registry
        )

    def taken(self, source: str) -> None:
        """Count an observation that was believed."""
        self._taken.labels(source).inc()

    def dropped(self, source: str, reason: str) -> None:
        """Count something that was not."""
        self._dropped.labels(source, reason).inc()

    def written(self, symbols: int) -> None:
        """Count one write to Redis, of so many symbols."""
        self._writes.inc()
        self._symbols.inc(symbols)

    def repaired(self, fields: int) -> None:
        """Count fields that were repaired."""
        self._repaired.inc(fields)

    def failed(self, what: str) -> None:
        """Count something that could not be read or written."""
        self._failed.labels(what).inc()

    def watch(self, name: str, description: str, read: Callable[[], float | None]) -> None:
        """Show a number as it is at each scrape; NaN where there is none."""
        gauge = Gauge(f"cio_strategist_feed_{name}", description, registry=self._registry)
        gauge.set_function(lambda: float("nan") if (value := read()) is None else value)
