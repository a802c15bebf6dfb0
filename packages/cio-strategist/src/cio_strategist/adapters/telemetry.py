"""Metrics of the strategist, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class Telemetry:
    """Counters and gauges on a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._drift = Counter(
            "cio_strategist_projection_drift_fields",
            "Fields in Redis that were not what was written there, found and repaired.",
            registry=self.registry,
        )

    def drift(self, fields: int) -> None:
        """Count a drift that was found and repaired."""
        self._drift.inc(fields)

    def watch_enforced(self, read: Callable[[], bool]) -> None:
        """Show whether the newest policy is in Redis, as read at each scrape."""
        Gauge(
            "cio_strategist_enforced", "1 if the newest policy is where the gates read it.", registry=self.registry
        ).set_function(lambda: float(read()))
