"""The engine's older config API, in its own envelope."""
