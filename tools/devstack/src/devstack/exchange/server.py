"""The exchange as a server of the stack."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from devstack.exchange.control import ExchangeControl
from devstack.exchange.settings import DEFAULT_KEY, DEFAULT_SECRET, Settings
from devstack.exchange.weights import DEFAULT_LIMIT
from devstack.nats import Nats
from devstack.ports import LOOPBACK
from devstack.probing import conversation
from devstack.server import Server

_LARGEST_STATE = 1 << 16


class Exchange(Server):
    """A local exchange in the form of Binance's USD-M futures; account, orders and prices survive `stop` and `start`.

    The market is drawn from `seed`. Its time runs with the machine's clock, or, when an aware `start` is given, begins
    there and stands until `control.advance` moves it; signed requests are held to the machine's clock in any case.
    `balance` is the account's USDT at the very beginning; fees are fractions of the notional. `api_key` and
    `api_secret` sign for the account; `weight_limit` is the request weight that a minute allows. All of these but
    key and secret count when the folder is new; an exchange that finds its state there goes on with it. `stream_to` is
    the NATS server, launched before, on which it publishes its market as the fleet's socket client does. ValueError is
    raised for a `start` without a time zone.
    """

    name: ClassVar[str] = "exchange"
    variable: ClassVar[str] = "EXCHANGE_URL"
    program: ClassVar[str] = "python"
    distribution: ClassVar[str] = "devstack"

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        seed: int = 1,
        start: datetime | None = None,
        balance: Decimal | int = 10_000,
        maker_fee: Decimal | int = 0,
        taker_fee: Decimal | int = 0,
        api_key: str = DEFAULT_KEY,
        api_secret: str = DEFAULT_SECRET,
        weight_limit: int = DEFAULT_LIMIT,
        stream_to: Nats | None = None,
        executable: Path | None = None,
        start_timeout: float = 30.0,
        stop_grace: float = 5.0,
        held_fds: Sequence[int] = (),
    ) -> None:
        super().__init__(
            folder,
            port=port,
            executable=executable,
            start_timeout=start_timeout,
            stop_grace=stop_grace,
            held_fds=held_fds,
        )
        if start is not None and start.tzinfo is None:
            raise ValueError("the exchange's start needs a time zone")
        self._stream_to = stream_to
        self._settings = Settings(
            seed=seed,
            start=None if start is None else int(start.timestamp() * 1000),
            balance=Decimal(balance),
            maker_fee=Decimal(maker_fee),
            taker_fee=Decimal(taker_fee),
            api_key=api_key,
            api_secret=api_secret,
            weight_limit=weight_limit,
        )

    @property
    def url(self) -> str:
        """The address for clients, `http://127.0.0.1:PORT`; Binance's paths (`/fapi/v1/...`) follow."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def api_key(self) -> str:
        """The account's API key."""
        return self._settings.api_key

    @property
    def api_secret(self) -> str:
        """The secret that signs for the account."""
        return self._settings.api_secret

    @property
    def control(self) -> ExchangeControl:
        """What scripts it: crashes, frozen prices, outages, money, time."""
        return ExchangeControl(self.url)

    def find_program(self) -> Path | None:
        """Return this interpreter, whose packages the exchange is one of."""
        return Path(sys.executable).absolute()

    def command(self, program: Path) -> list[str]:
        """Return the command line; what is secret goes by a file."""
        settings = self.folder / "settings.json"
        self._settings.write(settings)
        line = [str(program), "-m", "devstack.exchange", str(settings), str(self.port), str(self.data_folder)]
        return line if self._stream_to is None else [*line, self._stream_to.url]

    def probe(self) -> str:
        """Return the version once the control side answers, which it does during a scripted outage too."""
        with conversation(self.port) as stream:
            stream.write(b"GET /_control/state HTTP/1.0\r\n\r\n")
            stream.flush()
            head, _, body = stream.read(_LARGEST_STATE).partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise ValueError("the exchange did not tell its state")
        return str(json.loads(body)["version"])
