import json
import subprocess
import sys

FAILING = """
from cio_nurse.serving import logging_of
from cio_nurse.settings import load
with logging_of(load({"NURSE_INSTANCE": "nurse-7"})):
    raise ExceptionGroup("tasks", [ValueError("nobody foresaw it")])
"""


def test_what_ends_a_gate_untimely_is_a_line_of_its_log() -> None:
    ended = subprocess.run([sys.executable, "-c", FAILING], capture_output=True, text=True, check=False, timeout=60)
    (line,) = map(json.loads, ended.stdout.splitlines())
    assert (ended.returncode, line["event"], line["level"], line["instance"]) == (1, "gate_failed", "error", "nurse-7")
    assert "ValueError: nobody foresaw it" in line["exception"]
