"""What running processes share besides messages: connections to NATS, streams, alerts on their way out, logs, spans.

`nats_client` and `jetstream` need the extra `nats`, `otel_export` the extra `otel-export`.
"""
