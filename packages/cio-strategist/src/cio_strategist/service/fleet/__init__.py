"""Speaking with the bots of the fleet."""
