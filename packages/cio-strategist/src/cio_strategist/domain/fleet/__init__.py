"""The bots of the fleet: their config routes, read from documents that nobody vouches for."""
