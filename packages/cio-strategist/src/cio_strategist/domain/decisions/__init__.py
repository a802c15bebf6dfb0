"""Recorded decisions: explained, made again, and tried under another policy."""
