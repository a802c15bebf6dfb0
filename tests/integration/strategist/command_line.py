"""`cio-policy`, run in this process."""

import json
from collections.abc import Mapping
from typing import Any

from typer.testing import CliRunner, Result

from cio_strategist.policy_cli import app


class CommandLine:
    """Runs `cio-policy` and hands back what it printed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._runner = CliRunner()

    def run(self, *words: str, answer: str | None = None) -> Result:
        result = self._runner.invoke(app, list(words), env=self.environment, input=answer)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def done(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *words: str, code: int = 1) -> str:
        result = self.run(*words)
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        return result.stderr

    def as_json(self, *words: str) -> Any:
        return json.loads(self.done(*words, "--json"))
