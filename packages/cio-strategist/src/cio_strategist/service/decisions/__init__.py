"""Recorded decisions: shown, explained, made again."""
