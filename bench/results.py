"""Where the numbers of a run are kept: one JSON file each."""

import dataclasses
import json
import math
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.processes import REPOSITORY

FOLDER = REPOSITORY / "bench" / "results"
Output = Annotated[Path, typer.Option(help="Folder for the JSON file.")]


def write(folder: Path, began: datetime, content: dict[str, Any], *, of: str = "") -> Path:
    """Write the numbers of a run that began then, `of` a benchmark of its own if need be, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{of}{'-' if of else ''}{began:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(_plain(content), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return path


def _plain(value: Any) -> Any:
    """Return dataclasses as objects and NaN, which JSON has not, as null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
