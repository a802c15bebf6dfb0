"""The strategist's process: the real `cio-strategist`, watched by the same guard as the servers."""

from typing import ClassVar

import pyotp

from demo.command import told
from demo.gate import INTENTS
from demo.ledger import Seat
from demo.market import FORMS
from devstack import DevStack
from devstack.service import Service

_CLASSES = {Seat.MODEL: "agent", Seat.OPERATOR: "operator"}


class Strategist(Service):
    """Owner of policy, market feed, portfolio tracker and recorder in one process, on a stack's servers and exchange.

    It is started once all of them say that they are ready; regimes may take some seconds more.
    """

    name: ClassVar[str] = "strategist"
    variable: ClassVar[str] = "STRATEGIST_HTTP_PORT"
    program: ClassVar[str] = "cio-strategist"
    distribution: ClassVar[str] = "cio-strategist"

    def __init__(self, stack: DevStack) -> None:
        self.audit_key = stack.folder / "audit.pem"
        """What signs the chain's checkpoints; it must be there before the start."""
        self.totp_secret = pyotp.random_base32()
        """What the operator's authenticator was set up with."""
        self._stores = {"MONGODB_URI": stack.mongo.url, "REDIS_URL": stack.redis.url}
        environment = {
            **self._stores,
            "STRATEGIST_TOTP_SECRET": self.totp_secret,
            "STRATEGIST_WRITES_PER_MINUTE": "600",
            "NATS_URL": stack.nats.url,
            "STRATEGIST_EXCHANGE_URL": stack.exchange.url,
            "STRATEGIST_EXCHANGE_API_KEY": stack.exchange.api_key,
            "STRATEGIST_EXCHANGE_API_SECRET": stack.exchange.api_secret,
            "STRATEGIST_REGIME_SYMBOLS": ",".join(FORMS),
            "STRATEGIST_PRICE_POLL_SECONDS": "1",
            "STRATEGIST_PORTFOLIO_SECONDS": "1",
            "NATS_TOPIC_INTENTS": INTENTS,
            "STRATEGIST_AUDIT_KEY_FILE": str(self.audit_key),
            "STRATEGIST_CHECKPOINT_RECORDS": "50",
        }
        arguments = "--roles", "gateway,feed,tracker,recorder"
        super().__init__(stack.folder / self.name, environment, arguments=arguments)

    async def make_token(self, seat: Seat) -> str:
        """Return a new token, as an operator makes it at the console. Raises `CommandError`."""
        words = "token", "create", seat, "--class", _CLASSES[seat]
        return await told("cio-policy", *words, environment=self._stores)
