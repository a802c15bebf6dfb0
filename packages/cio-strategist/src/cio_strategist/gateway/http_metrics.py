"""Counts and times of the gateway's answers, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_UNMATCHED = "unmatched"


class HttpMetrics:
    """What `/metrics` tells about HTTP. Routes are told by their template, so their number is bounded."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "strategist_http_requests_total",
            "Answers given, by method, route and status.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "strategist_http_request_seconds",
            "Time from the first byte of a request to the end of its answer.",
            ("method", "route"),
            registry=registry,
        )

    def answered(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count one answer. `route` is None where no route matched."""
        named = route or _UNMATCHED
        known = method if method in _METHODS else "other"
        self._requests.labels(known, named, str(status)).inc()
        self._seconds.labels(known, named).observe(seconds)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
