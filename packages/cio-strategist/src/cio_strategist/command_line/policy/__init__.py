"""The commands of `cio-policy`."""
