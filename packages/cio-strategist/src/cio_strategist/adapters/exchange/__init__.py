"""The exchange, over HTTP."""
