"""What starting a process imports: clients and frameworks only where they are used."""

import subprocess
import sys

import pytest

CLIENTS = {"cryptography", "motor", "nats", "pymongo", "redis"}
FRAMEWORKS = {"fastapi", "mcp", "opentelemetry.sdk", "uvicorn"}


def imported(statement: str) -> set[str]:
    """Return the modules that a fresh process has after a statement."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(ended.stdout.split())


@pytest.mark.parametrize("module", ["__main__", "audit_cli", "policy_cli", "primal_cli", "replay_cli"])
def test_help_needs_no_client_and_no_framework(module: str) -> None:
    assert not imported(f"import cio_strategist.{module}") & (CLIENTS | FRAMEWORKS)


@pytest.mark.parametrize(
    ("role", "needed", "without"),
    [
        ("gateway", {"mcp", "pymongo", "redis"}, {"nats"}),
        ("feed", {"nats", "redis"}, {"mcp", "pymongo"}),
        ("tracker", {"nats", "redis"}, {"mcp", "pymongo"}),
        ("recorder", {"nats", "pymongo"}, {"mcp", "redis", "opentelemetry.sdk"}),
    ],
)
def test_a_role_brings_what_it_needs_and_nothing_of_the_others(role: str, needed: set[str], without: set[str]) -> None:
    found = imported(f"from cio_strategist.serving import opener_of\nopener_of({role!r})")
    assert needed <= found
    assert not without & found
