"""What tests of the strategist's settings and commands share."""

from collections.abc import Callable

import pytest

from cio_strategist.errors import UsageError
from cio_strategist.settings import Settings, variables


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without any setting."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def load(nothing_set: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Settings of an environment that holds just this."""

    def load_from(**environment: str) -> Settings:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return Settings.load()

    return load_from


@pytest.fixture
def problems(load: Callable[..., Settings]) -> Callable[..., str]:
    """What is wrong with such an environment."""

    def problems_of(**environment: str) -> str:
        with pytest.raises(UsageError, match="the environment cannot be used: ") as refused:
            load(**environment)
        assert refused.value.__cause__ is None
        return str(refused.value).removeprefix("the environment cannot be used: ")

    return problems_of
