"""What a process of the strategist can be: one module per role, each with an `open_…` that makes all it needs."""
