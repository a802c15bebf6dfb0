"""What every command ends with."""

import signal
import subprocess
import sys

_ENDING = """
import atexit, os, signal
from cio_strategist.command_line.session import reporting
atexit.register(os.kill, os.getpid(), signal.SIGINT)  # while MongoDB's client, imported as early, waits for its threads
with reporting():
    pass
"""


def test_ctrl_c_while_the_program_ends_prints_nothing() -> None:
    ended = subprocess.run([sys.executable, "-c", _ENDING], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("", "")
    assert ended.returncode == -signal.SIGINT
