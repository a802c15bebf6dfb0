import stat
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from devstack import StartTimeoutError
from devstack.service import Service

PROGRAM = """#!{python}
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Health(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self):
        Health.asked += 1
        ready = Health.asked > 1 and os.environ.get("READY") == "yes"
        told = {{"words": sys.argv[1:], "variables": sorted(os.environ), "ready": ready}}
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

HTTPServer(("127.0.0.1", int(os.environ["TELLER_PORT"])), Health).serve_forever()
"""


class Teller(Service):
    name: ClassVar[str] = "teller"
    variable: ClassVar[str] = "TELLER_PORT"
    program: ClassVar[str] = "teller"
    distribution: ClassVar[str] = "teller"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "bin" / "teller"
    file.parent.mkdir()
    file.write_text(PROGRAM.format(python=sys.executable))
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(file.parent), prepend=":")


@pytest.mark.usefixtures("program")
def test_a_service_is_ready_when_it_says_so_and_knows_what_it_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELLER_SECRET", "of this process")
    with Teller(tmp_path, {"READY": "yes"}, arguments=["--aloud"]) as teller:
        told = teller.version or ""
    assert '"words": ["--aloud"]' in told
    assert '"ready": true' in told
    assert "TELLER_SECRET" not in told


@pytest.mark.usefixtures("program")
def test_what_a_service_lacks_is_told_when_it_does_not_become_ready(tmp_path: Path) -> None:
    with pytest.raises(StartTimeoutError, match=r'not ready: .*"ready": false'):
        Teller(tmp_path, {}, start_timeout=1.0).start()
