"""The parts of the Redis adapter that need no Redis."""

import pytest

from cio_strategist.adapters.redis import open_store
from cio_strategist.adapters.redis_connection import without_credentials
from cio_strategist.errors import UsageError


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("rediss://user:s3cret@host:1/2?password=s3cret", "rediss://host:1/2"),
        ("unix://u:s3cret@/run/redis.sock", "unix:///run/redis.sock"),
        ("redis://:s3cret@[::1]:1", "redis://[::1]:1"),
    ],
)
def test_an_address_is_shown_without_credentials(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


@pytest.mark.parametrize("url", ["redis://:s3cret@h:99999/0", "redis://:s3cret@h/0?socket_timeout=s3cret"])
async def test_impossible_ports_and_options_are_wrong_usage_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="REDIS_URL") as caught:
        async with open_store(url):
            pass
    assert "s3cret" not in str(caught.value)
