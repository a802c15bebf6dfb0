"""The control side: what a test or a demo does to the exchange. No real exchange has it, so it has no signatures."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from importlib.metadata import version
from typing import cast

from devstack.exchange.amounts import ZERO, money, plain
from devstack.exchange.clock import machine_time
from devstack.exchange.faults import Fault, FaultKind
from devstack.exchange.outage import SERVICE_UNAVAILABLE, Outage, OutageMode
from devstack.exchange.refusals import BAD_REQUEST
from devstack.exchange.world import World

CONTROL = "/_control/"
LONGEST_ADVANCE = 7 * 24 * 3600
_ALL = 100
_LARGEST_RALLY = 900
_MOST_MONEY = Decimal(10) ** 12

Order = Mapping[str, object]


class MisunderstoodError(Exception):
    """An order to the control side that it cannot carry out, and why."""


def state(world: World) -> dict[str, object]:
    """Return where the exchange stands."""
    market = world.market
    return {
        "version": version("devstack"),
        "seed": market.seed,
        "time": world.clock.now,
        "stepped": world.clock.start is not None,
        "skew": world.clock.skew,
        "prices": {symbol: plain(market.last(symbol)) for symbol in market.rules},
        "statuses": market.statuses,
        "frozen": sorted(market.walk.frozen),
        "outage": None if world.outage is None else world.outage.mode,
        "wallet": money(world.account.wallet),
        "open_orders": len(world.desk.open_orders) + len(world.algo_desk.open_orders),
    }


def _crash(world: World, order: Order) -> None:
    percent, seconds = _number(order, "percent"), _number(order, "seconds", default=ZERO)
    if percent >= _ALL:
        raise MisunderstoodError("percent must be below 100: a price stays above zero")
    if percent < -_LARGEST_RALLY:
        raise MisunderstoodError(f"percent must be at least -{_LARGEST_RALLY}")
    if not 0 <= seconds <= LONGEST_ADVANCE or seconds != int(seconds):
        raise MisunderstoodError(f"seconds must be a whole number from 0 to {LONGEST_ADVANCE}")
    world.market.crash(_symbols(world, order), percent=percent, seconds=int(seconds))


def _freeze(world: World, order: Order) -> None:
    world.market.walk.frozen.update(_symbols(world, order))


def _unfreeze(world: World, order: Order) -> None:
    world.market.walk.frozen.difference_update(_symbols(world, order))


def _price(world: World, order: Order) -> None:
    symbol, price = _symbol(world, order), _number(order, "price")
    rules = world.market.rules[symbol]
    if not rules.min_price <= price <= rules.max_price:
        raise MisunderstoodError(f"price must be between {rules.min_price} and {rules.max_price}")
    world.market.set_price(symbol, price)


def _status(world: World, order: Order) -> None:
    world.market.statuses[_symbol(world, order)] = str(order.get("status"))


def _fund(world: World, order: Order) -> None:
    amount = _number(order, "amount")
    if abs(amount) > _MOST_MONEY:
        raise MisunderstoodError(f"amount must be at most {_MOST_MONEY:,f} either way")
    world.fund(amount)


def _deposit(world: World, order: Order) -> None:
    asset, amount = str(order.get("asset", "")), _number(order, "amount")
    if not asset or abs(amount) > _MOST_MONEY:
        raise MisunderstoodError(f"asset must be named, and amount at most {_MOST_MONEY:,f} either way")
    world.spot.deposit(asset, amount)


def _reset(world: World, _order: Order) -> None:
    world.reset()


def _advance(world: World, order: Order) -> None:
    seconds = _number(order, "seconds")
    if not 0 <= seconds <= LONGEST_ADVANCE:
        raise MisunderstoodError(f"seconds must be between 0 and {LONGEST_ADVANCE}")
    world.clock.advance(int(seconds * 1000))
    world.catch_up()


def _run(world: World, _order: Order) -> None:
    if machine_time() - world.clock.now > LONGEST_ADVANCE * 1000:
        raise MisunderstoodError(f"the market's time is more than {LONGEST_ADVANCE} seconds behind: advance it first")
    world.clock.run()
    world.catch_up()


def _skew(world: World, order: Order) -> None:
    seconds = _number(order, "seconds")
    if abs(seconds) > LONGEST_ADVANCE:
        raise MisunderstoodError(f"seconds must be at most {LONGEST_ADVANCE} either way")
    world.clock.skew = int(seconds * 1000)


def _outage(world: World, order: Order) -> None:
    word = order.get("mode")
    if word is None:
        world.outage = None
        return
    if word not in {mode.value for mode in OutageMode}:
        raise MisunderstoodError(f"mode must be one of {', '.join(OutageMode)}, or null to end it")
    status = int(_number(order, "status", default=Decimal(SERVICE_UNAVAILABLE)))
    if not 400 <= status <= 599:  # noqa: PLR2004 - the range of HTTP's error statuses
        raise MisunderstoodError("status must be an error: 400 to 599")
    world.outage = Outage(OutageMode(str(word)), status)


def _depth(world: World, order: Order) -> None:
    symbol = _symbol(world, order)
    if order.get("quantity") is None:
        world.desk.depths.pop(symbol, None)
        return
    quantity = _number(order, "quantity")
    if quantity < 0:
        raise MisunderstoodError("quantity must not be negative")
    world.desk.depths[symbol] = quantity


def _fault(world: World, order: Order) -> None:
    word = order.get("kind")
    if word is None:
        world.faults.clear()
        return
    if word not in {kind.value for kind in FaultKind}:
        raise MisunderstoodError(f"kind must be one of {', '.join(FaultKind)}, or null to end all")
    world.faults.append(
        Fault(
            FaultKind(str(word)),
            method=str(order.get("method", "")),
            path=str(order.get("path", "")),
            symbol=str(order.get("symbol", "")),
            times=int(_number(order, "times", default=Decimal(1))),
            code=int(_number(order, "code", default=Decimal(-1001))),
            message=str(order.get("message", "told to")),
            status=int(_number(order, "status", default=Decimal(BAD_REQUEST))),
        )
    )


COMMANDS: dict[str, Callable[[World, Order], None]] = {
    "crash": _crash,
    "freeze": _freeze,
    "unfreeze": _unfreeze,
    "price": _price,
    "status": _status,
    "fund": _fund,
    "reset": _reset,
    "advance": _advance,
    "run": _run,
    "skew": _skew,
    "outage": _outage,
    "depth": _depth,
    "deposit": _deposit,
    "fault": _fault,
}
"""What `POST /_control/NAME` does; each answers with the state afterwards."""


def _symbols(world: World, order: Order) -> list[str]:
    named = order.get("symbols")
    if named is None:
        return list(world.market.rules)
    if not isinstance(named, list):
        raise MisunderstoodError("symbols must be a list")
    symbols = [str(each) for each in cast("list[object]", named)]
    if unknown := set(symbols) - set(world.market.rules):
        raise MisunderstoodError(f"unknown symbols: {', '.join(sorted(unknown))}")
    return symbols


def _symbol(world: World, order: Order) -> str:
    symbol = str(order.get("symbol"))
    if symbol not in world.market.rules:
        raise MisunderstoodError(f"unknown symbol: {symbol}")
    return symbol


def _number(order: Order, name: str, default: Decimal | None = None) -> Decimal:
    value = order.get(name, default)
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise MisunderstoodError(f"{name} must be a number") from error
    if not number.is_finite():
        raise MisunderstoodError(f"{name} must be a finite number")
    return number
