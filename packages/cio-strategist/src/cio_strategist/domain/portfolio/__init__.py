"""The portfolio as it is told by complete readings of the exchange and, in between, by execution events. Pure."""
