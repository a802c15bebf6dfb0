"""The commands of `cio-audit`."""
