"""The emergency exit that depends on nothing else of the system."""
