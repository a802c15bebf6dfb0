"""A command of ours, run in this process."""

import json
from collections.abc import Mapping
from typing import Any

from typer import Typer
from typer.testing import CliRunner, Result


class CommandLine:
    """Runs a command such as `cio-policy` and hands back what it printed."""

    def __init__(self, app: Typer, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._app = app

    def run(self, *words: str, answer: str | None = None) -> Result:
        result = CliRunner().invoke(self._app, list(words), env=self.environment, input=answer)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def done(self, *words: str) -> str:
        return self._ends(0, *words).stdout

    def refused(self, *words: str, code: int = 1) -> str:
        """Return what standard error says of a command that does nothing and prints nothing else."""
        result = self._ends(code, *words)
        assert result.stdout == ""
        return result.stderr

    def fails(self, *words: str, code: int = 1) -> str:
        """Return what standard error says of a command that may have printed something before."""
        return self._ends(code, *words).stderr

    def as_json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self._ends(code, *words, "--json").stdout)

    def _ends(self, code: int, *words: str) -> Result:
        result = self.run(*words)
        assert result.exit_code == code, result.output
        return result
