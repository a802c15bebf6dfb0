"""What a document lets a reader do by hand: the commands of its code blocks, run as they are written."""

import os
import re
import subprocess
import sys
from pathlib import Path

from devstack import DevStack
from devstack.ports import ReservedPort

REPOSITORY = Path(__file__).resolve().parents[2]


def commands_of(text: str, *, after: str) -> str:
    """Return the commands of the code blocks in `text`, from the line after the one that begins with `after`."""
    blocks = "".join(re.findall(r"^```\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE))
    return re.split(rf"^{re.escape(after)}.*\n", blocks, flags=re.MULTILINE)[1]


def run(commands: str, stack: DevStack, folder: Path) -> str:
    """Run commands in a shell of a stack, on free ports in place of 8080 and 8081, and return what they print.

    The first two that are sent to the background are ended afterwards. A command that fails ends all of it.
    """
    (folder / "packages").symlink_to(REPOSITORY / "packages")
    authority, gate = ReservedPort(), ReservedPort()
    moved = commands.replace("8080", str(authority.number)).replace("8081", str(gate.number))
    done = subprocess.run(
        ["bash", "-e", "-c", f"trap 'kill %1 %2; wait' EXIT\n{moved}"],
        cwd=folder,
        env={
            **os.environ,
            **stack.environment(),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "STRATEGIST_HTTP_PORT": str(authority.number),
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
