"""Settings of the command line tools. The only reader of the environment."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cio_strategist.errors import UsageError

_ADDRESS = re.compile(
    r"rediss?://([^/@?#]*@)?([^/:@?#\[\]]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?(/[0-9]{0,5})?(\?[^@#]*)?"
    r"|unix://([^/@?#]*@)?/[^@?#]+(\?[^@#]*)?"
)
"""What is taken as an address. Strict, because only a URL that is taken apart rightly can be shown without its
password: a password that holds `/`, `?`, `#` or `@` must be percent-encoded, as it must be for any URL."""


def _redis_url(value: SecretStr) -> SecretStr:
    if _ADDRESS.fullmatch(value.get_secret_value()) is None:
        raise ValueError(
            "must look like redis://host:6379/0, rediss://user:password@host:6379/0 or unix:///path, "
            "with special characters of the password percent-encoded"
        )
    return value


class Settings(BaseSettings):
    """What the environment says. `Settings.load` is how to read it."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    redis_url: Annotated[SecretStr, AfterValidator(_redis_url)] = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        description="REDIS_URL: where policy and control are kept, else redis://127.0.0.1:6379/0; may hold a password.",
    )
    user: str = Field(default="", description="USER: who signs changes when --by is not given.")

    @classmethod
    def load(cls) -> Self:
        """Read the environment. Raises `UsageError` naming each variable that is wrong, never its value."""
        try:
            return cls()
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, item['loc'])).upper()}: {item['msg'].removeprefix('Value error, ')}"
                for item in error.errors(include_input=False, include_url=False)
            )
            raise UsageError(f"the environment cannot be used: {wrong}") from None

    @property
    def operator(self) -> str:
        """Who changes are signed by unless the command says otherwise."""
        return self.user.strip() or "operator"
