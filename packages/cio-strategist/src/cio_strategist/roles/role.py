"""Which roles there are."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a process does. One process may have several roles."""

    GATEWAY = "gateway"
    FEED = "feed"
    TRACKER = "tracker"
    RECORDER = "recorder"


PURPOSES: Mapping[Role, str] = {
    Role.GATEWAY: "Owns policy: HTTP, MCP, and the projection of policy to Redis. Needs MONGODB_URI.",
    Role.FEED: "Knows the market: live prices, the exchange's rules and regimes, into Redis. Needs NATS_URL.",
    Role.TRACKER: "Knows the portfolio: the account on the exchange and fills as they come, into Redis. Needs NATS_URL "
    "and a key that may read the account.",
    Role.RECORDER: "Keeps the audit chain: records of decisions, fail-safe reports and changes, from the streams into "
    "MongoDB. Needs NATS_URL and MONGODB_URI.",
}
"""What each role is for, as `--help` tells it."""
