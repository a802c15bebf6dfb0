"""NATS and its JetStream."""
