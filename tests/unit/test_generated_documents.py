import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from docs.generate import DOCS, documents, main, write
from petrosa_contracts import instant
from petrosa_contracts.documents.schemas import WIRE_MODELS

CURRENT = documents()
SCHEMAS = sorted(path for path in CURRENT if path.startswith("api/schemas/"))


@pytest.mark.parametrize("path", sorted(CURRENT))
def test_the_document_is_up_to_date(path: str) -> None:
    file = DOCS / path
    assert file.is_file(), "run python docs/generate.py"
    assert file.read_bytes().decode() == CURRENT[path], "run python docs/generate.py"


def test_no_schema_of_a_bygone_model_is_left() -> None:
    kept = {file.relative_to(DOCS).as_posix() for file in (DOCS / "api" / "schemas").iterdir()}
    assert kept == set(SCHEMAS) == {f"api/schemas/{model.__name__}.json" for model in WIRE_MODELS}


@pytest.mark.parametrize("path", [*SCHEMAS, "api/parameters.schema.json"])
def test_a_schema_keeps_the_rules_of_its_dialect(path: str) -> None:
    schema = json.loads(CURRENT[path])
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", [path for path in sorted(CURRENT) if path.endswith(".json")])
def test_json_is_sorted_and_ends_in_a_line_break(path: str) -> None:
    text = CURRENT[path]
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("seconds", [946_684_800.25, 4_000_000_000.75])
def test_the_time_of_writing_shows_in_no_document(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instant, "_wall_clock", lambda: seconds)
    assert documents() == CURRENT


@pytest.mark.parametrize("seed", ["0", "1"])
def test_another_process_with_another_hash_seed_finds_nothing_stale(seed: str) -> None:
    checked = subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), "--check"],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_check_names_what_is_stale_missing_and_left_over_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    (tmp_path / "parameters.md").write_text("old")
    (tmp_path / "api" / "asyncapi.json").unlink()
    (tmp_path / "api" / "schemas" / "Bygone.json").write_text("{}")
    assert main(["--check"], folder=tmp_path) == 1
    complaints = capsys.readouterr().err.splitlines()
    assert [Path(line.split()[0]).name for line in complaints] == ["asyncapi.json", "Bygone.json", "parameters.md"]
    assert (tmp_path / "parameters.md").read_text() == "old"


def test_writing_leaves_nothing_stale(tmp_path: Path) -> None:
    (tmp_path / "api" / "schemas").mkdir(parents=True)
    (tmp_path / "api" / "schemas" / "Bygone.json").write_text("{}")
    assert main([], folder=tmp_path) == 0
    assert main(["--check"], folder=tmp_path) == 0
    assert {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()} == set(CURRENT)


def test_a_mistyped_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--chek"])
    assert exit_.value.code == 2
    assert "--chek" in capsys.readouterr().err
