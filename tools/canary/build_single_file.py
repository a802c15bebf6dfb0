"""Builds canary as one file that any Python from 3.11 on runs: `python build_single_file.py TARGET`."""

import sys
import zipapp
from pathlib import Path

SOURCE = Path(__file__).parent / "src"


def build(target: Path) -> None:
    """Write the single file; what is compiled or generated stays out of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    zipapp.create_archive(
        SOURCE,
        target,
        interpreter="/usr/bin/env python3",
        main="canary.__main__:run",
        filter=lambda path: path.parts[0] == "canary" and "__pycache__" not in path.parts,
        compressed=True,
    )


if __name__ == "__main__":
    build(Path(sys.argv[1]))
