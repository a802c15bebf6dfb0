"""A small exchange in memory: what `canary rehearse` drills against."""
