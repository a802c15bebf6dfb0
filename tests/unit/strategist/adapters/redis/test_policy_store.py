"""The parts of the Redis adapter that need no Redis."""

import pytest

from cio_strategist.adapters.redis.policy_store import open_store
from cio_strategist.errors import UsageError


@pytest.mark.parametrize("url", ["redis://:s3cret@h:99999/0", "redis://:s3cret@h/0?socket_timeout=s3cret"])
async def test_impossible_ports_and_options_are_wrong_usage_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="REDIS_URL") as caught:
        async with open_store(url):
            pass
    assert "s3cret" not in str(caught.value)
