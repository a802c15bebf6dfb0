"""Loops and use cases: what happens when, with whom."""
