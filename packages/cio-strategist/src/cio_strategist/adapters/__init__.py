"""The outside world; the only place that imports client libraries."""
