"""The examples of the package's README."""

import shlex
from pathlib import Path

import pytest

from tests.integration.command_line import CommandLine

pytestmark = pytest.mark.servers

README = Path(__file__).parents[3] / "packages" / "cio-strategist" / "README.md"


def test_every_example_of_the_readme_works(cli: CommandLine) -> None:
    examples = [line.removeprefix("$ ") for line in README.read_text().splitlines() if line.startswith("$ ")]
    assert len(examples) > 10
    for example in examples:
        program, *words = shlex.split(example)
        assert program == "cio-policy"
        cli.done(*words)
