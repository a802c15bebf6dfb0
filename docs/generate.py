"""Write the documents that are derived from the code, or check that they are up to date.

`python docs/generate.py` writes them below `docs/`; with `--check` it writes nothing, names the stale ones and exits 1.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from petrosa_contracts.documents.asyncapi import asyncapi_document
from petrosa_contracts.documents.schemas import WIRE_MODELS, model_schema, patch_schema
from petrosa_contracts.parameters import render_markdown

DOCS = Path(__file__).resolve().parent
SCHEMAS = "api/schemas"


def documents() -> dict[str, str]:
    """Return the text of every generated document by its path below `docs/`. The same code gives the same text."""
    return {
        **{f"{SCHEMAS}/{model.__name__}.json": _json_text(model_schema(model)) for model in WIRE_MODELS},
        "api/asyncapi.json": _json_text(asyncapi_document()),
        "api/parameters.schema.json": _json_text(patch_schema()),
        "parameters.md": render_markdown(),
    }


def stale(folder: Path) -> list[str]:
    """Return the paths below `folder` that are missing, differ, or are schemas of models that no longer exist."""
    current = documents()
    outdated = [path for path, text in current.items() if _text_of(folder / path) != text]
    return sorted(outdated + _leftovers(folder, current))


def write(folder: Path) -> None:
    """Write every document below `folder` and remove schemas of models that no longer exist."""
    current = documents()
    for path, text in current.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    for path in _leftovers(folder, current):
        (folder / path).unlink()


def main(arguments: Sequence[str] | None = None, *, folder: Path = DOCS) -> int:
    """Write or check, as the arguments say, and return the exit code: 1 if a check found something stale."""
    parser = argparse.ArgumentParser(description="Write the documents that are derived from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; name the stale documents and exit 1")
    if not parser.parse_args(arguments).check:
        write(folder)
        return 0
    outdated = stale(folder)
    for path in outdated:
        print(f"{(folder / path)} is stale: run python docs/generate.py", file=sys.stderr)
    return 1 if outdated else 0


def _json_text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _text_of(file: Path) -> str | None:
    return file.read_bytes().decode("utf-8") if file.is_file() else None


def _leftovers(folder: Path, current: Mapping[str, str]) -> list[str]:
    found = (file.relative_to(folder).as_posix() for file in (folder / SCHEMAS).glob("*.json"))
    return [path for path in found if path not in current]


if __name__ == "__main__":
    sys.exit(main())
