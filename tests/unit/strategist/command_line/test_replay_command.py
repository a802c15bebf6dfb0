"""`cio-replay` on exports, which needs no store."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cio_strategist.replay_cli import app
from petrosa_contracts.record import DecisionRecord
from tests.records import recorded, small_orders

pytestmark = pytest.mark.usefixtures("nothing_set")

VETOED, APPROVED, WITHDRAWN = "a" * 32, "b" * 32, "c" * 32


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A veto, an approval, and an approval with its withdrawal."""
    withdrawn = recorded(decision_id=WITHDRAWN)
    late = recorded(decision_id=WITHDRAWN, circumstances={"audit_available": False})
    return written(
        tmp_path / "export.jsonl",
        recorded(small_orders(), decision_id=VETOED),
        recorded(decision_id=APPROVED, strategy_id="breakout"),
        late.model_copy(update={"withdraws": True}),
        withdrawn,
    )


def written(path: Path, *records: DecisionRecord) -> Path:
    path.write_text("".join(f"{record.model_dump_json()}\n" for record in records))
    return path


def run(*words: str | Path, sent: str | None = None) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words], input=sent, env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def as_json(*words: str | Path) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_one_decision_is_reproduced(export: Path) -> None:
    result = run(VETOED, "--from", export)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{VETOED} is reproduced to the byte:")
    assert as_json(VETOED, "--from", export)["outcome"] == "reproduced"


def test_of_a_withdrawn_approval_the_withdrawal_is_made_again(export: Path) -> None:
    found = as_json(WITHDRAWN, "--from", export)
    assert (found["outcome"], found["recorded"]["code"]) == ("reproduced", "AUDIT_UNAVAILABLE")


def test_a_decision_that_comes_out_differently_is_told_field_by_field(tmp_path: Path) -> None:
    record = recorded(decision_id=VETOED)
    odd = record.model_copy(update={"verdict": record.verdict.model_copy(update={"message": "Yes."})})
    path = written(tmp_path / "odd.jsonl", odd)
    result = run(VETOED, "--from", path)
    assert result.exit_code == 1
    assert "is decided differently here" in result.stderr
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [["field", "on"], ["message", "Yes."]]
    everything = run("--from", path)
    assert everything.exit_code == 1
    assert everything.stdout.startswith("0 of 1 decisions are reproduced")
    assert VETOED in everything.stdout


@pytest.mark.parametrize("missing", [{"inputs": None}, {"raw_digest": "0" * 64}], ids=["no-room", "payload-too-large"])
def test_a_decision_that_cannot_be_made_again_is_no_success_but_does_not_spoil_the_others(
    export: Path, missing: dict[str, Any]
) -> None:
    odd = recorded(decision_id="d" * 32).model_copy(update=missing)
    with export.open("a") as file:
        file.write(f"{odd.model_dump_json()}\n")
    one = run("d" * 32, "--from", export)
    assert (one.exit_code, one.stdout) == (1, "")
    assert "cannot be made again" in one.stderr
    told = run("d" * 32, "--from", export, "--json")
    assert (told.exit_code, json.loads(told.stdout)["outcome"]) == (1, "not_decided")
    everything = run("--from", export)
    assert everything.exit_code == 0
    assert everything.stdout.startswith("4 of 5 decisions are reproduced to the byte\n1 cannot be made again")


def test_a_decision_that_is_not_there_is_a_failure(export: Path) -> None:
    result = run("f" * 32, "--from", export)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is no record" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        (VETOED, "--since", "1h"),
        (VETOED, "--strategy", "breakout"),
        (VETOED, "--policy", "patch.json"),
        ("--since", "1h", "--until", "2h"),
    ],
)
def test_what_does_not_go_together_is_not_silently_left_out(export: Path, words: tuple[str, ...]) -> None:
    result = run(*words, "--from", export)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "wrong usage" in result.stderr


def test_everything_in_an_export_is_reproduced(export: Path) -> None:
    assert run("--from", export).stdout == "4 of 4 decisions are reproduced to the byte\n"
    assert as_json("--from", export)["reproduced"] == 4


def test_a_policy_is_tried_and_what_it_changes_is_told(export: Path, tmp_path: Path) -> None:
    patch = tmp_path / "patch.json"
    patch.write_text('{"global": {"max_position_size_usd": 1000}, "strategy:breakout": {"enabled": false}}')
    found = as_json("--from", export, "--policy", patch)
    assert (found["examined"], found["unchanged"], found["not_decided"]) == (4, 1, 1)
    assert (found["lost"]["by_code"], found["lost"]["by_strategy"]) == ({"STRATEGY_DISABLED": 1}, {"breakout": 1})
    assert (found["gained"]["by_code"], found["gained"]["by_symbol"]) == ({"ORDER_NOTIONAL_MAX": 1}, {"BTCUSDT": 1})
    assert found["gained"]["examples"][0]["decision_id"] == VETOED
    text = run("--from", export, "--policy", patch)
    assert text.exit_code == 0
    assert "decisions tried 4, approvals lost 1 and gained 1, unchanged 1" in text.stdout
    assert "STRATEGY_DISABLED" in text.stdout


@pytest.mark.parametrize(
    ("options", "examined"),
    [
        (("--strategy", "breakout"), 1),
        (("--symbol", "btcusdt"), 4),
        (("--symbol", "ETHUSDT"), 0),
        (("--since", "2026-02-25T12:00:05Z"), 4),
        (("--until", "2026-02-25T12:00:05Z"), 0),
        (("--limit", "3"), 3),
    ],
)
def test_decisions_are_chosen_by_time_strategy_symbol_and_number(
    export: Path, options: tuple[str, ...], examined: int
) -> None:
    assert as_json("--from", export, *options)["examined"] == examined


def test_entries_of_the_chain_are_read_as_well_and_other_kinds_skipped() -> None:
    body = recorded().model_dump_json()
    lines = [
        {"sequence": 1, "kind": "decision", "body": body},
        {"sequence": 2, "kind": "decision", "body": json.loads(body)},
        {"sequence": 3, "kind": "checkpoint", "body": "{}"},
    ]
    result = run("--from", "-", sent="\n".join(map(json.dumps, lines)))
    assert result.stdout == "2 of 2 decisions are reproduced to the byte\n"


def test_what_cannot_be_read_is_told_and_no_success() -> None:
    result = run("--from", "-", sent="nonsense\n\n")
    assert result.exit_code == 1
    assert "1 cannot be read as records of this version" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--symbol", "BTCUSDT"),
        ("--since", "yesterday", "--from", "-"),
        ("--from", "/nowhere/at/all"),
        ("--from", "-", "--policy", "/nowhere/at/all"),
        ("a" * 32, "--policy", "p.json", "--from", "-"),
        ("--from", "-", "--jobs", "0"),
    ],
)
def test_wrong_usage(words: tuple[str, ...]) -> None:
    result = run(*words, sent="")
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_patch_that_the_catalogue_does_not_allow_is_refused(export: Path, tmp_path: Path) -> None:
    patch = tmp_path / "patch.json"
    patch.write_text('{"global": {"leverage": 500}}')
    result = run("--from", export, "--policy", patch)
    assert result.exit_code == 1
    assert "leverage" in result.stderr


def test_without_a_store_and_without_a_file_it_says_what_to_set() -> None:
    result = run("--since", "24h")
    assert result.exit_code == 2
    assert "set MONGODB_URI" in result.stderr
