"""What other libraries log, as events."""

import json
import logging
import os
import subprocess
import sys

import pytest
import structlog
from structlog.testing import capture_logs

from petrosa_contracts.runtime.event_log import LibraryLog


@pytest.fixture
def library() -> logging.Logger:
    logger = logging.Logger("some.library")
    logger.addHandler(LibraryLog(structlog.get_logger()))
    return logger


def test_warnings_and_errors_of_libraries_are_events_and_the_rest_is_left_out(library: logging.Logger) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    with capture_logs() as events:
        library.info("all is well")
        library.warning("%d spans were dropped", 3)
        library.error("no answer from %s", "otlp")
    assert [(each["log_level"], each["event"], each["logger"], each["message"]) for each in events] == [
        ("warning", "library_log", "some.library", "3 spans were dropped"),
        ("error", "library_log", "some.library", "no answer from otlp"),
    ]


def test_a_line_that_cannot_be_formatted_does_not_reach_whoever_logs(
    library: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    library.warning("%d spans", "three")
    assert "Logging error" in capsys.readouterr().err


@pytest.mark.parametrize(
    "configure",
    [
        "from cio_nurse.adapters import log; end = log.configure('INFO', 'gate-1').close",
        "import sys; from cio_strategist.adapters import log; log.configure('INFO', sys.stdout); end = lambda: None",
    ],
    ids=["gate", "strategist"],
)
def test_services_write_them_as_json_lines_like_their_own(configure: str) -> None:
    logs = "import logging; logging.getLogger('opentelemetry.sdk').warning('exporter is away')"
    ran = subprocess.run(
        [sys.executable, "-c", f"{configure}; {logs}; end()"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    (line,) = ran.stdout.splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["logger"]) == ("library_log", "warning", "opentelemetry.sdk")
    assert (told["message"], ran.stderr) == ("exporter is away", "")
