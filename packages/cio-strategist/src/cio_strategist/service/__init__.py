"""Use cases and loops of the strategist."""
