"""How well the regime classifier tells known crashes: `python -m bench.regime`."""
