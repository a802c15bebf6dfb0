"""Real NATS, Redis, a MongoDB-wire server and a local exchange on loopback, for demos and tests.

`DevStack` starts them together in a temporary folder; `Nats`, `Redis`, `Mongo` and `Exchange` are one server each, in a
folder of your own; `ExchangeControl` scripts an exchange. Everything blocks until it is done, so call it from
synchronous fixtures or through `asyncio.to_thread`.
"""

from devstack.errors import (
    ControlError,
    DevstackError,
    FolderError,
    NotInstalledError,
    NotRunningError,
    PortTakenError,
    StartError,
    StartTimeoutError,
)
from devstack.exchange.control import ExchangeControl
from devstack.exchange.server import Exchange
from devstack.mongo import Mongo
from devstack.nats import Nats
from devstack.redis import Redis
from devstack.server import Server
from devstack.stack import DevStack

__all__ = [
    "ControlError",
    "DevStack",
    "DevstackError",
    "Exchange",
    "ExchangeControl",
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
