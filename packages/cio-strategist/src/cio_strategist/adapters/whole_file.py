"""Files that are there as a whole or not at all."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(file: Path) -> Generator[Path]:
    """Give the path to write to: what is written takes the place of `file` when all went well, else is removed.

    So what was there before stays until then, and nothing that was cut short looks whole. A pipe or a device is
    written to directly. Raises `OSError` where the file cannot be put in its place.
    """
    if file.exists() and not file.is_file():
        yield file
        return
    place = file.resolve()
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
