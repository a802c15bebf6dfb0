"""`cio-audit explain` on exports, which needs no store."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cio_strategist.audit_cli import app
from petrosa_contracts import DrawdownPhase
from tests.builders import regime_status, regime_view
from tests.records import recorded, small_orders

pytestmark = pytest.mark.usefixtures("nothing_set")

VETOED = "a" * 32


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.jsonl"
    path.write_text(recorded(small_orders(), decision_id=VETOED).model_dump_json() + "\n")
    return path


def run(*words: str | Path) -> Result:
    result = CliRunner().invoke(app, ["explain", *(str(word) for word in words)], env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_veto_is_explained_by_limit_author_version_and_what_would_have_passed(export: Path) -> None:
    result = run(VETOED, "--from", export)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert "With max_position_size_usd = 500.0 in global it would have passed." in lines[0]
    assert lines[1:3] == ["ORDER_NOTIONAL_MAX", f"  what: {lines[2].partition(': ')[2]}"]
    assert "  would have passed: At most 100 USD." in lines
    assert "  limit: max_position_size_usd = 100.0 in global version 4" in lines
    assert "  set by: test" in lines


def test_a_limit_of_which_the_regime_leaves_a_part_is_told_with_both(tmp_path: Path) -> None:
    corrected = {"regime": regime_view(symbol=regime_status(drawdown=DrawdownPhase.CORRECTION))}
    export = tmp_path / "export.jsonl"
    record = recorded(decision_id=VETOED, quantity=0.016, circumstances=corrected)
    export.write_text(record.model_dump_json() + "\n")
    lines = run(VETOED, "--from", export).stdout.splitlines()
    assert "  limit: max_position_size_usd = 1000.0 in defaults version 0, of which 750.0 are left" in lines
    assert "  set by: nobody: it is the default" in lines


def test_the_same_as_json(export: Path) -> None:
    found = json.loads(run(VETOED, "--from", export, "--json").stdout)
    assert found["breaches"][0]["origin"]["version"] == 4


def test_a_decision_that_is_not_there_is_a_failure(export: Path) -> None:
    result = run("f" * 32, "--from", export)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is no record" in result.stderr
