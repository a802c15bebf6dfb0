"""Where the servers' programs are, found without importing anything of theirs."""

import importlib.util
import os
import shutil
import sys
import sysconfig
from pathlib import Path


def find_script(name: str) -> Path | None:
    """Return the program that a wheel has put beside this interpreter, else one on PATH, else None."""
    folders = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    found = shutil.which(name, path=os.pathsep.join(folders))
    return None if found is None else Path(found).absolute()


def find_in_package(package: str, relative: str) -> Path | None:
    """Return an executable file inside an installed top-level package, or None."""
    spec = importlib.util.find_spec(package)
    locations = [] if spec is None else spec.submodule_search_locations or []
    candidates = [Path(location) / relative for location in locations]
    return next((path for path in candidates if path.is_file() and os.access(path, os.X_OK)), None)
