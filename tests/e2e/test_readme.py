"""What the README lets a newcomer do by hand, done as it is written."""

import re
from pathlib import Path

import pytest

from devstack import DevStack
from tests.e2e.by_hand import REPOSITORY, commands_of, run

TEXT = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BY_HAND = TEXT[TEXT.index("To try it by hand") : TEXT.index("`kill %1 %2; exit`")]
ASKED = "prices | python packages/petrosa-contracts/examples/bot.py"


@pytest.mark.servers
def test_what_it_lets_one_try_by_hand_works(tmp_path: Path) -> None:
    written = commands_of(BY_HAND, after="devstack up -- bash")
    with DevStack() as stack:
        seen = run(f"{written.replace('cio-policy halt', f'{ASKED}; cio-policy halt')}\n{ASKED}", stack, tmp_path)
    assert '"ready": true' in seen
    assert "max_position_size_usd: not set -> 400" in seen
    assert seen.count("buy BTCUSDT: approved by the gate") == 3
    assert seen.count("close BTCUSDT: approved by the gate") == 3
    assert '"name":"get_primal_limits"' in seen


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT)
    assert links
    assert [link for link in links if not (REPOSITORY / link).exists()] == []


def test_the_index_of_the_tests_names_every_module_that_they_share() -> None:
    tests = REPOSITORY / "tests"
    named = set(re.findall(r"`([a-z_/]+)`", (tests / "README.md").read_text(encoding="utf-8")))
    assert {file.stem for file in tests.glob("*.py")} - {"conftest"} <= named
    assert [name for name in named if "/" in name and not list(tests.glob(f"{name.rstrip('/')}*"))] == []
