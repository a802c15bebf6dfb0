"""Ratio benchmarks of the gate against the bare transport: `python -m bench`."""
