"""The deterministic gate between trade intents and the order engine."""

from importlib.metadata import version

__version__ = version("cio-nurse")

__all__ = ["__version__"]
