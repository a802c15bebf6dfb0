"""The chain of audit records: each entry carries the digest of the one before it. Pure."""
