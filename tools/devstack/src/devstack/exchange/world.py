"""Everything that the exchange knows, and how it survives the process."""

import os
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from devstack.exchange.account import Account
from devstack.exchange.algo_desk import AlgoDesk
from devstack.exchange.clock import Clock
from devstack.exchange.desk import Desk
from devstack.exchange.faults import Fault
from devstack.exchange.market import Market
from devstack.exchange.outage import Outage
from devstack.exchange.rules import COIN_SYMBOLS, SYMBOLS, SymbolRules
from devstack.exchange.settings import Settings
from devstack.exchange.spot_desk import SpotDesk
from devstack.exchange.weights import SPOT_LIMIT, OrderCounts, Weights

_FILE = "exchange.pickle"
_COIN_BALANCE = Decimal(10) ** 15
"""So much that no coin-margined order lacks margin: which coin it would be held in is not simulated."""


@dataclass
class World:
    """The market, the account and its orders at the clock's present time."""

    settings: Settings
    clock: Clock
    market: Market
    account: Account
    desk: Desk
    algo_desk: AlgoDesk
    weights: Weights
    spot: SpotDesk
    coin_side: "World | None" = None
    spot_weights: Weights = field(default_factory=lambda: Weights(SPOT_LIMIT))
    order_counts: OrderCounts = field(default_factory=OrderCounts)
    outage: Outage | None = None
    faults: list[Fault] = field(default_factory=list[Fault])

    @classmethod
    def begin(cls, settings: Settings) -> "World":
        """Return a new exchange whose account holds the balance that the settings give it."""
        clock = Clock(settings.start)
        coin = cls._of(COIN_SYMBOLS, settings, clock, _COIN_BALANCE)
        return cls._of(SYMBOLS, settings, clock, settings.balance, coin)

    @classmethod
    def _of(
        cls,
        symbols: Sequence[SymbolRules],
        settings: Settings,
        clock: Clock,
        balance: Decimal,
        coin: "World | None" = None,
    ) -> "World":
        market = Market(symbols, seed=settings.seed, start=clock.now)
        account = Account(market)
        account.book("TRANSFER", balance, "", clock.now)
        desk = Desk(market, account, maker_fee=settings.maker_fee, taker_fee=settings.taker_fee)
        weights = Weights(settings.weight_limit)
        return cls(settings, clock, market, account, desk, AlgoDesk(desk), weights, SpotDesk(market), coin)

    @property
    def coin(self) -> "World":
        """The coin-margined side of the exchange, with a market, an account and orders of its own."""
        if self.coin_side is None:
            raise ValueError("the coin-margined side has none beside it")
        return self.coin_side

    def reset(self) -> None:
        """Begin anew, as the settings say."""
        vars(self).update(vars(World.begin(self.settings)))

    def catch_up(self) -> None:
        """Let prices move, and orders execute, up to the present."""
        self.market.advance(self.clock.now, self._match)
        if self.coin_side is not None:
            self.coin_side.catch_up()

    def match(self, now: int) -> None:
        """Execute what the present prices reach."""
        self._match(now)
        if self.coin_side is not None:
            self.coin_side.match(now)

    def _match(self, now: int) -> None:
        self.algo_desk.match(now)
        self.desk.match(now)
        self.spot.match(now)

    def fund(self, amount: Decimal) -> None:
        """Move money into the account, or out of it."""
        self.account.book("TRANSFER", amount, "", self.clock.now)


class Store:
    """Keeps a world in a folder between two lives of the process; what happened after the last `save` is lost.

    Prices are not lost: they are drawn again, the same.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE

    def load(self, settings: Settings) -> World:
        """Return the world as it was saved, or a new one."""
        if not self._path.exists():
            return World.begin(settings)
        world: World = pickle.loads(self._path.read_bytes())  # noqa: S301 - nobody but this program writes the folder
        return world

    def save(self, world: World) -> None:
        """Write the world, so that even SIGKILL in the middle leaves a whole one."""
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(pickle.dumps(world))
        os.replace(fresh, self._path)  # noqa: PTH105 - what is meant is the atomic call
