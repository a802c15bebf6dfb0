"""The only place that imports client libraries."""
