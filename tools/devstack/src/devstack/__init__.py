"""Real NATS, Redis and a MongoDB-wire server on loopback, for demos and tests.

`DevStack` starts them together in a temporary folder; `Nats`, `Redis` and `Mongo` are one server each, in a folder of
your own. Everything blocks until it is done, so call it from synchronous fixtures or through `asyncio.to_thread`.
"""

from devstack.errors import (
    DevstackError,
    FolderError,
    NotInstalledError,
    NotRunningError,
    PortTakenError,
    StartError,
    StartTimeoutError,
)
from devstack.mongo import Mongo
from devstack.nats import Nats
from devstack.redis import Redis
from devstack.server import Server
from devstack.stack import DevStack

__all__ = [
    "DevStack",
    "DevstackError",
    "FolderError",
    "Mongo",
    "Nats",
    "NotInstalledError",
    "NotRunningError",
    "PortTakenError",
    "Redis",
    "Server",
    "StartError",
    "StartTimeoutError",
]
