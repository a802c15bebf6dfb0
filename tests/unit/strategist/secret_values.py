"""Secrets that settings hold, and how a test gets at them."""

from typing import Any

from pydantic import SecretStr

from cio_strategist.settings import Settings

TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
TOKEN = "cio_0123456789abcdef_" + "s3cret-_" * 5 + "abc"
SECRET = "s3c"


def value_of(settings: Settings, variable: str) -> Any:
    """Return what a setting holds, a secret in the clear."""
    attribute = next(name for name, field in Settings.model_fields.items() if field.alias == variable)
    value = getattr(settings, attribute)
    return value.get_secret_value() if isinstance(value, SecretStr) else value
