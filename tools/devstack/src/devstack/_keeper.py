"""Owns a stack's temporary folder, and removes it when nobody can need it any more.

A program of its own, standard library only: `python -I -S _keeper.py PARENT` makes a folder in PARENT and says
`folder PATH` or `error WHY` on standard output. The starter, the guards and the servers all hold the other end of
standard input; it ends when the last of them is gone, crashed or not, and then the folder goes. So no server can find
its folder missing, and none can write into it afterwards.
"""

import os
import shutil
import signal
import sys
import tempfile
from contextlib import suppress

LIFELINE = 0
REPLIES = 1
CHUNK = 64


def main(arguments: list[str]) -> int:
    """Make the folder, wait for the end of standard input, remove the folder."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        # Whoever sends these wants the stack to end; the folder still has to outlive the servers.
        signal.signal(number, signal.SIG_IGN)
    try:
        folder = tempfile.mkdtemp(prefix="devstack-", dir=arguments[0])
    except OSError as error:
        _reply(f"error {error}")
        return 1
    try:
        _reply(f"folder {folder}")
        while os.read(LIFELINE, CHUNK):
            pass
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _reply(line: str) -> None:
    # The starter may be gone already; the lifeline tells that too.
    with suppress(BrokenPipeError):
        os.write(REPLIES, f"{line}\n".encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
