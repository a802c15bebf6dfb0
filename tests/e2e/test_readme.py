"""What the README lets a newcomer do by hand, done as it is written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from devstack import DevStack
from devstack.ports import ReservedPort

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BY_HAND = TEXT[TEXT.index("To try it by hand") : TEXT.index("`kill %1 %2; exit`")]
ASKED = "prices | python packages/petrosa-contracts/examples/bot.py"


def commands_after(opening: str) -> str:
    """Return the commands of the code blocks, from the line after the one that begins with `opening`."""
    blocks = "".join(re.findall(r"^```\n(.*?)^```$", BY_HAND, flags=re.DOTALL | re.MULTILINE))
    return re.split(rf"^{re.escape(opening)}.*\n", blocks, flags=re.MULTILINE)[1]


@pytest.mark.servers
def test_what_it_lets_one_try_by_hand_works(tmp_path: Path) -> None:
    (tmp_path / "packages").symlink_to(REPOSITORY / "packages")
    authority, gate = ReservedPort(), ReservedPort()
    written = commands_after("devstack up -- bash").replace("8080", str(authority.number))
    script = written.replace("8081", str(gate.number)).replace("cio-policy halt", f"{ASKED}; cio-policy halt")
    with DevStack() as stack:
        done = subprocess.run(
            ["bash", "-e", "-c", f"trap 'kill %1 %2; wait' EXIT\n{script}\n{ASKED}"],
            cwd=tmp_path,
            env={
                **os.environ,
                **stack.environment(),
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "STRATEGIST_HTTP_PORT": str(authority.number),
            },
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"ready": true' in done.stdout
    assert "max_position_size_usd: not set -> 400" in done.stdout
    assert done.stdout.count("buy BTCUSDT: approved by the gate") == 3
    assert done.stdout.count("close BTCUSDT: approved by the gate") == 3
    assert '"name":"get_primal_limits"' in done.stdout


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT)
    assert links
    assert [link for link in links if not (REPOSITORY / link).exists()] == []


def test_the_index_of_the_tests_names_every_module_that_they_share() -> None:
    tests = REPOSITORY / "tests"
    named = set(re.findall(r"`([a-z_/]+)`", (tests / "README.md").read_text(encoding="utf-8")))
    assert {file.stem for file in tests.glob("*.py")} - {"conftest"} <= named
    assert [name for name in named if "/" in name and not list(tests.glob(f"{name.rstrip('/')}*"))] == []
