"""The command that shows the settings."""

import pytest
from typer.testing import CliRunner

from cio_strategist.policy_cli import app
from cio_strategist.settings import variables

pytestmark = pytest.mark.usefixtures("nothing_set")

runner = CliRunner()


def test_every_setting_is_shown_with_its_value_and_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://anna:s3cret@a,b/petrosa")
    monkeypatch.setenv("STRATEGIST_HTTP_PORT", "9090")
    result = runner.invoke(app, ["settings"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(variables())
    said = {line.split()[0]: line.split()[1:3] for line in lines}
    assert said["MONGODB_URI"] == ["mongodb://***@a,b/petrosa", "-"]
    assert said["STRATEGIST_HTTP_PORT"] == ["9090", "8080"]
    assert "s3cret" not in result.stdout


def test_settings_that_cannot_be_used_are_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATEGIST_HTTP_PRT", "1")
    result = runner.invoke(app, ["settings"])
    assert result.exit_code == 2
    assert "was STRATEGIST_HTTP_PORT meant?" in result.stderr
