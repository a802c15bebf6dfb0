"""Settings of the command line."""

import pytest
from pydantic import ValidationError

from cio_strategist.errors import UsageError
from cio_strategist.settings import Settings


def test_without_an_environment_the_defaults_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.delenv("USER", raising=False)
    settings = Settings.load()
    assert settings.redis_url.get_secret_value() == "redis://127.0.0.1:6379/0"
    assert settings.operator == "operator"


def test_the_operator_is_the_user_the_system_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", " anna ")
    assert Settings.load().operator == "anna"


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://localhost:6379",
        "redis://:secret@redis.trading.svc:6379/2",
        "rediss://user:pa%2Fss@host:6380/0?ssl_cert_reqs=none",
        "redis://[::1]:6379/0",
        "unix:///run/redis.sock?db=1",
    ],
)
def test_addresses_of_redis_are_taken(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    settings = Settings.load()
    assert settings.redis_url.get_secret_value() == url
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        "http://:s3cret@host",
        "redis://:s3c/ret@host",
        "redis://:s3c#ret@host:1",
        "redis://s3cret:1/2@h",
    ],
)
def test_anything_else_is_wrong_usage_and_not_repeated(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(UsageError, match="REDIS_URL: must look like") as caught:
        Settings.load()
    assert "s3c" not in str(caught.value)


def test_settings_cannot_be_changed() -> None:
    settings = Settings.load()
    with pytest.raises(ValidationError, match="frozen"):
        settings.user = "somebody"  # type: ignore[misc]
