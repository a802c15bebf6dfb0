"""Metrics of the tracker, for Prometheus."""

from collections.abc import Callable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from petrosa_contracts import PortfolioState

_NOT_KNOWN = float("nan")


class TrackerTelemetry:
    """Counts readings, events and publications, and shows the portfolio at each scrape."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._readings = Counter(
            "cio_strategist_tracker_readings",
            "Attempts to read the account, complete or failed.",
            ["outcome"],
            registry=registry,
        )
        self._events = Counter(
            "cio_strategist_tracker_events", "Execution events, by type.", ["kind"], registry=registry
        )
        self._published = Counter(
            "cio_strategist_tracker_publications", "Portfolios written to Redis.", registry=registry
        )

    def reading(self, outcome: str) -> None:
        """Count an attempt to read the account."""
        self._readings.labels(outcome).inc()

    def event(self, kind: str) -> None:
        """Count an execution event by its type; those that are not known count together."""
        self._events.labels(kind if kind in _KINDS else "other").inc()

    def published(self) -> None:
        """Count a publication."""
        self._published.inc()

    def watch(
        self, read: Callable[[], PortfolioState | None], now: Callable[[], datetime], listening: Callable[[], bool]
    ) -> None:
        """Show the portfolio as `read` returns it; what is not known is NaN."""
        self._gauge("listening", "1 while execution events are subscribed to.", lambda: float(listening()))

        def show(name: str, text: str, value: Callable[[PortfolioState], object]) -> None:
            def measured() -> float:
                state = read()
                found = None if state is None else value(state)
                return _NOT_KNOWN if found is None else float(str(found))

            self._gauge(name, text, measured)

        show("age_seconds", "Age of the newest complete reading.", lambda state: (now() - state.as_of).total_seconds())
        show("equity", "Margin balance, quote currency.", lambda state: state.equity)
        show("exposure", "Sum of all notionals, quote currency.", lambda state: state.exposure)
        show("positions", "Open positions.", lambda state: len(state.positions))
        show("daily_loss_latched", "Loss of the day that is latched.", lambda state: state.daily_loss_latched)
        show("drawdown_latched", "Drawdown that is latched, a fraction.", lambda state: state.drawdown_latched)
        show("differences", "Where events and exchange disagree.", lambda state: len(state.differences))

    def _gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        Gauge(f"cio_strategist_tracker_{name}", text, registry=self._registry).set_function(read)


_KINDS = frozenset(
    {"placed", "filled", "partial_fill", "rejected", "position_force_closed_no_stops", "cancelled", "expired"}
    | {"unreadable"}
)
