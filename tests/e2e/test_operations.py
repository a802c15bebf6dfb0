"""What the operator's page lets one try on one machine, done as it is written, and seen as it is said."""

import re
from pathlib import Path

import pytest

from devstack import DevStack
from tests.e2e.by_hand import REPOSITORY, commands_of, run

TEXT = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
SECTION = TEXT[TEXT.index("## Everything on one machine") : TEXT.index("`kill %1 %2; exit` ends it.")]


@pytest.mark.servers
def test_everything_on_one_machine_shows_what_it_says(tmp_path: Path) -> None:
    commands = commands_of(SECTION, after="devstack up --exchange -- bash")
    with DevStack(exchange=True) as stack:
        seen = run(commands, stack, tmp_path)
    said = re.findall(r"^# (.+)$", commands, flags=re.MULTILINE)
    assert len(said) > 10
    pattern = r"(.|\n)*".join(".*".join(map(re.escape, line.split("…"))) for line in said)
    assert re.search(pattern, seen), seen
