"""Metrics in Prometheus form."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from cio_decision.freshness import Freshness, Input, Standing
from cio_nurse import __version__
from petrosa_contracts import Code, Decision, Mode, Verdict

_LATENCY_BUCKETS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Telemetry:
    """The gate's metrics, in a registry of its own. Gauges are read when they are scraped."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, instance: str) -> None:
        self._registry = CollectorRegistry()
        Gauge("cio_nurse_build", "Always 1.", ["version", "instance"], registry=self._registry).labels(
            __version__, instance
        ).set(1)
        verdicts = Counter(
            "cio_nurse_verdicts", "Verdicts by outcome and code.", ["verdict", "code"], registry=self._registry
        )
        self._vetoed = {code: verdicts.labels(Decision.VETOED.value, code.value) for code in Code}
        self._approved = verdicts.labels(Decision.APPROVED.value, "APPROVED")
        self._latency = Histogram(
            "cio_nurse_decision_seconds",
            "From receipt to verdict.",
            buckets=_LATENCY_BUCKETS,
            registry=self._registry,
        )
        signals = Counter(
            "cio_nurse_signals",
            "Approved signals: published, undelivered (nobody was subscribed), not_connected (NATS was away).",
            ["outcome"],
            registry=self._registry,
        )
        self._signals = {outcome: signals.labels(outcome) for outcome in ("published", "undelivered", "not_connected")}
        records = Counter(
            "cio_nurse_records",
            "Records of decisions: kept by the stream, late, written to the journal, dropped.",
            ["outcome"],
            registry=self._registry,
        )
        self._records = {outcome: records.labels(outcome) for outcome in ("kept", "late", "journaled", "dropped")}
        self._replies = Counter("cio_nurse_engine_replies", "Engines' replies.", ["status"], registry=self._registry)
        self._input_age = Gauge(
            "cio_nurse_input_age_seconds",
            "Age of what is known, of the market its newest price; -1 if never seen, or off.",
            ["input"],
            registry=self._registry,
        )
        self._input_state = Gauge(
            "cio_nurse_input_state",
            "1 for how an input as a whole stands; 0 for all if it is off.",
            ["input", "state"],
            registry=self._registry,
        )
        self._input_refused = Gauge(
            "cio_nurse_input_refused", "Stored values that are not believed.", ["input"], registry=self._registry
        )
        self._halt = Gauge(
            "cio_nurse_silent_halt",
            "1 while nothing gets through though all looks well: nothing_approved, no_consumer, engine_silent.",
            ["kind"],
            registry=self._registry,
        )
        self._trouble = Gauge(
            "cio_nurse_portfolio_trouble",
            "1 while the portfolio is beyond a limit (daily_loss, drawdown), or in another position_mode than policy.",
            ["kind"],
            registry=self._registry,
        )
        self._mode = Gauge("cio_nurse_mode", "1 for the mode in force everywhere.", ["mode"], registry=self._registry)

    def watch(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Expose a gauge whose value is read at every scrape."""
        Gauge(f"cio_nurse_{name}", description, registry=self._registry).set_function(read)

    def watch_mode(self, read: Callable[[], str]) -> None:
        """Expose the mode in force as one gauge per mode."""
        for mode in Mode:
            self._mode.labels(mode.value).set_function(lambda mode=mode: float(read() == mode.value))

    def watch_halt(self, kind: str, read: Callable[[], float]) -> None:
        """Expose whether a silent halt of one kind lasts."""
        self._halt.labels(kind).set_function(read)

    def watch_trouble(self, kind: str, read: Callable[[], float]) -> None:
        """Expose whether a trouble of one kind with the portfolio lasts."""
        self._trouble.labels(kind).set_function(read)

    def watch_input(
        self, name: Input, *, standing: Callable[[], Standing | None], refused: Callable[[], float]
    ) -> None:
        """Expose how old an input is, how it stands, and how many of its values are not believed."""
        self._input_age.labels(name.value).set_function(lambda: _age(standing()))
        self._input_refused.labels(name.value).set_function(refused)
        for state in Freshness:
            self._input_state.labels(name.value, state.value).set_function(
                lambda state=state: float((found := standing()) is not None and found.freshness is state)
            )

    def verdict(self, verdict: Verdict) -> None:
        """Count a verdict and its latency."""
        (self._approved if verdict.code is None else self._vetoed[verdict.code]).inc()
        self._latency.observe(verdict.latency_ms / 1000)

    def signal(self, outcome: str) -> None:
        """Count a signal by what became of it."""
        self._signals[outcome].inc()

    def record(self, outcome: str) -> None:
        """Count a record by what became of it."""
        self._records[outcome].inc()

    def engine_reply(self, status: str) -> None:
        """Count an engine's reply by its status."""
        self._replies.labels(status).inc()

    def render(self) -> bytes:
        """Return everything in the text format that Prometheus scrapes."""
        return generate_latest(self._registry)


def _age(standing: Standing | None) -> float:
    return -1.0 if standing is None or standing.age_seconds is None else standing.age_seconds
