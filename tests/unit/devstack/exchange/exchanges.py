"""An exchange without its process: what its parts are tested in."""

from datetime import UTC, datetime
from decimal import Decimal

from devstack.exchange.settings import Settings
from devstack.exchange.world import World

START = int(datetime(2024, 3, 1, 12, 30, 20, tzinfo=UTC).timestamp() * 1000)
BTC = "BTCUSDT"


def settings(**changes: object) -> Settings:
    usual = {
        "seed": 7,
        "start": START,
        "balance": Decimal(10_000),
        "maker_fee": Decimal(0),
        "taker_fee": Decimal(0),
        "api_key": "key",
        "api_secret": "secret",
        "weight_limit": 2400,
    }
    return Settings(**{**usual, **changes})


def still_world(**changes: object) -> World:
    """An exchange whose clock stands and whose prices are round: the bid is the last price, the ask one tick above."""
    return World.begin(settings(**changes))


def move(world: World, symbol: str, price: str) -> None:
    """Put a price, and execute what it reaches."""
    world.market.set_price(symbol, Decimal(price))
    world.match(world.clock.now)
