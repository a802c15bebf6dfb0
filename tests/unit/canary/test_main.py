"""The canary, which cannot close anything yet and must say so."""

import ast
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from canary.__main__ import main


def test_it_never_pretends_to_have_closed_anything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "not available in this version, and nothing was closed" in err
    assert "by hand at the exchange" in err


@pytest.mark.parametrize(("option", "words"), [("--help", "close positions by hand"), ("--version", "canary 0.")])
def test_it_can_be_asked_about_itself(option: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([option])
    assert left.value.code == 0
    assert words in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("word", ["close", "--yes"])
def test_a_command_it_does_not_have_is_wrong_usage(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([word])
    assert left.value.code == 2
    assert word in capsys.readouterr().err


def test_it_imports_the_standard_library_alone() -> None:
    spec = find_spec("canary")
    assert spec is not None
    assert spec.origin is not None
    sources = list(Path(spec.origin).parent.rglob("*.py"))
    assert sources
    imported: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    assert imported <= {*sys.stdlib_module_names, "canary"}
