"""The emergency exit that depends on nothing else of the system."""

VERSION = "0.1.0"
"""Here and not asked of the installed package, because the single file is not installed."""
