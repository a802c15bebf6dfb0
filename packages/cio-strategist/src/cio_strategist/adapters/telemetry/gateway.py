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

    def watch_primal(self, source: str) -> None:
        """Show which primal limits hold: those of the `file`, the `built-in` tightest, or none (`off`)."""
        Gauge(
            "cio_strategist_primal_signed",
            "1 while the signed file's primal limits hold, 0 while the built-in tightest do, -1 without primal limits.",
            registry=self.registry,
        ).set({"file": 1, "built-in": 0}.get(source, -1))
