"""Who asks: callers, their tokens, and what a change must come with."""
