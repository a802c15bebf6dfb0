"""The account and its positions, which only signed requests see and change."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import StrEnum

from devstack.exchange.amounts import ZERO, money, plain, price_text
from devstack.exchange.parameters import Parameters
from devstack.exchange.positions import Position
from devstack.exchange.refusals import Reason, RefusedError
from devstack.exchange.routing import SUCCESS, Route, Routes
from devstack.exchange.world import World

_MOST_NOTIONAL = "1000000000"
_ASSET = "USDT"

OfPosition = Callable[[World, Position], dict[str, object]]


class _MarginType(StrEnum):
    ISOLATED = "ISOLATED"
    CROSSED = "CROSSED"


def _all_positions(world: World, parameters: Parameters) -> list[Position]:
    symbols: Iterable[str] = world.market.rules
    if parameters.has("symbol"):
        symbols = [world.market.rule(parameters.text("symbol")).symbol]
    return [world.account.position(symbol, side) for symbol in symbols for side in world.account.sides()]


def _live_positions(world: World, parameters: Parameters) -> list[Position]:
    """Return those that hold something or have orders, as the third version of the routes does."""
    ordered = {(each.symbol, each.position_side) for each in world.desk.open_orders}
    return [each for each in _all_positions(world, parameters) if each.amount or (each.symbol, each.side) in ordered]


def _margins(world: World, position: Position) -> dict[str, object]:
    held = world.account.position_margin(position)
    bound = world.account.side_margin(position, world.desk.open_orders)
    bids, offers = world.account.resting(position, world.desk.open_orders)
    return {
        "initialMargin": money(bound),
        "maintMargin": money(world.account.maintenance_margin(position)),
        "positionInitialMargin": money(held),
        "openOrderInitialMargin": money(bound - held),
        "bidNotional": plain(bids),
        "askNotional": plain(offers),
    }


def _core(world: World, position: Position) -> dict[str, object]:
    wallet = world.account.isolated_wallet(position)
    unrealised = position.unrealised(world.market.mark(position.symbol)) if wallet else ZERO
    return {
        "symbol": position.symbol,
        "positionSide": position.side,
        "positionAmt": plain(position.amount),
        "notional": money(world.account.notional(position)),
        "isolatedMargin": money(wallet + unrealised) if wallet else "0",
        "isolatedWallet": money(wallet) if wallet else "0",
        "updateTime": position.updated,
    }


def _risk_core(world: World, position: Position) -> dict[str, object]:
    mark = world.market.mark(position.symbol)
    return {
        **_core(world, position),
        "entryPrice": price_text(position.entry),
        "breakEvenPrice": price_text(position.entry),
        "markPrice": money(mark),
        "unRealizedProfit": money(position.unrealised(mark)),
        "liquidationPrice": "0",
    }


def _terms(world: World, position: Position) -> dict[str, object]:
    return {"leverage": str(world.account.leverage(position.symbol))}


def _risk_v2(world: World, position: Position) -> dict[str, object]:
    isolated = position.symbol in world.account.isolated
    return {
        **_risk_core(world, position),
        **_terms(world, position),
        "maxNotionalValue": _MOST_NOTIONAL,
        "marginType": "isolated" if isolated else "cross",
        "isolated": isolated,
        "isAutoAddMargin": "false",
        "adlQuantile": 0,
    }


def _risk_v3(world: World, position: Position) -> dict[str, object]:
    return {**_risk_core(world, position), **_margins(world, position), "marginAsset": _ASSET, "adl": 0}


def _holding_v3(world: World, position: Position) -> dict[str, object]:
    unrealised = position.unrealised(world.market.mark(position.symbol))
    margins = _margins(world, position)
    shown = {name: margins[name] for name in ("initialMargin", "maintMargin")}
    return {**_core(world, position), **shown, "unrealizedProfit": money(unrealised)}


def _holding_v2(world: World, position: Position) -> dict[str, object]:
    return {
        **_core(world, position),
        **_margins(world, position),
        **_terms(world, position),
        "unrealizedProfit": money(position.unrealised(world.market.mark(position.symbol))),
        "entryPrice": price_text(position.entry),
        "breakEvenPrice": price_text(position.entry),
        "maxNotional": _MOST_NOTIONAL,
        "isolated": position.symbol in world.account.isolated,
    }


def _listing(select: Callable[[World, Parameters], list[Position]], form: OfPosition) -> Callable[..., object]:
    def answer(world: World, parameters: Parameters) -> object:
        return [form(world, each) for each in select(world, parameters)]

    return answer


def _sums(world: World) -> dict[str, Decimal]:
    account, orders = world.account, world.desk.open_orders
    bound = account.initial_margin(orders)
    held = sum((account.position_margin(each) for each in account.open_positions()), start=ZERO)
    return {
        "WalletBalance": account.wallet,
        "UnrealizedProfit": account.unrealised(),
        "MarginBalance": account.wallet + account.unrealised(),
        "InitialMargin": bound,
        "MaintMargin": sum((account.maintenance_margin(each) for each in account.open_positions()), start=ZERO),
        "PositionInitialMargin": held,
        "OpenOrderInitialMargin": bound - held,
        "CrossWalletBalance": account.cross_wallet(),
        "CrossUnPnl": account.unrealised(isolated=False),
        "AvailableBalance": account.available(orders),
        "MaxWithdrawAmount": min(account.available(orders), max(ZERO, account.cross_wallet())),
    }


def _account(form: OfPosition, select: Callable[[World, Parameters], list[Position]]) -> Callable[..., object]:
    def answer(world: World, parameters: Parameters) -> object:
        sums = _sums(world)
        asset = {name[0].lower() + name[1:]: money(value) for name, value in sums.items()}
        return {
            **{_total_name(name): money(value) for name, value in sums.items()},
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "feeTier": 0,
            "multiAssetsMargin": False,
            "updateTime": 0,
            "assets": [{"asset": _ASSET, **asset, "marginAvailable": True, "updateTime": world.clock.now}],
            "positions": [form(world, each) for each in select(world, parameters)],
        }

    return answer


def _total_name(name: str) -> str:
    return name[0].lower() + name[1:] if name in {"AvailableBalance", "MaxWithdrawAmount"} else f"total{name}"


def _balance(world: World, _parameters: Parameters) -> object:
    sums = _sums(world)
    return [
        {
            "accountAlias": "devstack",
            "asset": _ASSET,
            "balance": money(sums["WalletBalance"]),
            "crossWalletBalance": money(sums["CrossWalletBalance"]),
            "crossUnPnl": money(sums["CrossUnPnl"]),
            "availableBalance": money(sums["AvailableBalance"]),
            "maxWithdrawAmount": money(sums["MaxWithdrawAmount"]),
            "marginAvailable": True,
            "updateTime": world.clock.now,
        }
    ]


def _position_mode(world: World, _parameters: Parameters) -> object:
    return {"dualSidePosition": world.account.hedge}


def _set_position_mode(world: World, parameters: Parameters) -> object:
    parameters.text("dualSidePosition")
    hedge = parameters.flag("dualSidePosition")
    if hedge == world.account.hedge:
        raise RefusedError(Reason.SAME_POSITION_MODE)
    sides = (world, world.coin)
    if any(side.desk.open_orders or side.algo_desk.open_orders for side in sides):
        raise RefusedError(Reason.POSITION_MODE_WITH_ORDERS)
    if any(any(side.account.open_positions()) for side in sides):
        raise RefusedError(Reason.POSITION_MODE_WITH_POSITION)
    for side in sides:
        side.account.hedge = hedge
    return SUCCESS


def _set_leverage(world: World, parameters: Parameters) -> object:
    rules = world.market.rule(parameters.text("symbol"))
    leverage = parameters.integer("leverage")
    if not 1 <= leverage <= rules.max_leverage:
        raise RefusedError(Reason.INVALID_LEVERAGE, leverage)
    world.account.leverages[rules.symbol] = leverage
    return {"symbol": rules.symbol, "leverage": leverage, "maxNotionalValue": _MOST_NOTIONAL}


def _set_margin_type(world: World, parameters: Parameters) -> object:
    symbol = world.market.rule(parameters.text("symbol")).symbol
    kind = parameters.choice("marginType", _MarginType, Reason.INVALID_PARAMETER)
    isolated = world.account.isolated
    if (kind is _MarginType.ISOLATED) == (symbol in isolated):
        raise RefusedError(Reason.SAME_MARGIN_TYPE)
    if any(each.symbol == symbol for each in world.desk.open_orders):
        raise RefusedError(Reason.MARGIN_TYPE_WITH_ORDERS)
    if any(each.symbol == symbol for each in world.account.open_positions()):
        raise RefusedError(Reason.MARGIN_TYPE_WITH_POSITION)
    isolated.symmetric_difference_update({symbol})
    return SUCCESS


def _symbols(world: World, parameters: Parameters) -> list[str]:
    if parameters.has("symbol"):
        return [world.market.rule(parameters.text("symbol")).symbol]
    return list(world.market.rules)


def _brackets(world: World, parameters: Parameters) -> object:
    return [
        {
            "symbol": symbol,
            "brackets": [
                {
                    "bracket": 1,
                    "initialLeverage": world.market.rules[symbol].max_leverage,
                    "notionalCap": int(_MOST_NOTIONAL),
                    "notionalFloor": 0,
                    "maintMarginRatio": float(world.market.rules[symbol].maintenance_ratio),
                    "cum": 0.0,
                }
            ],
        }
        for symbol in _symbols(world, parameters)
    ]


def _symbol_config(world: World, parameters: Parameters) -> object:
    return [
        {
            "symbol": symbol,
            "marginType": "ISOLATED" if symbol in world.account.isolated else "CROSSED",
            "isAutoAddMargin": "false",
            "leverage": world.account.leverage(symbol),
            "maxNotionalValue": _MOST_NOTIONAL,
        }
        for symbol in _symbols(world, parameters)
    ]


def _commission(world: World, parameters: Parameters) -> object:
    symbol = world.market.rule(parameters.text("symbol")).symbol
    maker, taker = plain(world.desk.maker_fee), plain(world.desk.taker_fee)
    return {"symbol": symbol, "makerCommissionRate": maker, "takerCommissionRate": taker}


def _income(world: World, parameters: Parameters) -> object:
    begin = parameters.optional_integer("startTime") or 0
    end = parameters.optional_integer("endTime") or world.clock.now
    kind, symbol = parameters.optional("incomeType"), parameters.optional("symbol")
    wanted = [
        each
        for each in world.account.incomes
        if begin <= each.instant <= end and kind in {"", each.kind} and symbol in {"", each.symbol}
    ]
    limit = parameters.limit(100, 1000)
    return [
        {
            "symbol": each.symbol,
            "incomeType": each.kind,
            "income": money(each.amount),
            "asset": _ASSET,
            "info": each.kind,
            "time": each.instant,
            "tranId": each.id,
            "tradeId": "",
        }
        for each in (wanted[:limit] if parameters.has("startTime") else wanted[-limit:])
    ]


ACCOUNT_ROUTES: Routes = {
    ("GET", "/fapi/v2/account"): Route(_account(_holding_v2, _all_positions), weight=5, signed=True),
    ("GET", "/fapi/v3/account"): Route(_account(_holding_v3, _live_positions), weight=5, signed=True),
    ("GET", "/fapi/v2/balance"): Route(_balance, weight=5, signed=True),
    ("GET", "/fapi/v3/balance"): Route(_balance, weight=5, signed=True),
    ("GET", "/fapi/v2/positionRisk"): Route(_listing(_all_positions, _risk_v2), weight=5, signed=True),
    ("GET", "/fapi/v3/positionRisk"): Route(_listing(_live_positions, _risk_v3), weight=5, signed=True),
    ("GET", "/fapi/v1/positionSide/dual"): Route(_position_mode, weight=30, signed=True),
    ("POST", "/fapi/v1/positionSide/dual"): Route(_set_position_mode, signed=True),
    ("POST", "/fapi/v1/leverage"): Route(_set_leverage, signed=True),
    ("POST", "/fapi/v1/marginType"): Route(_set_margin_type, signed=True),
    ("GET", "/fapi/v1/leverageBracket"): Route(_brackets, signed=True),
    ("GET", "/fapi/v1/symbolConfig"): Route(_symbol_config, weight=5, signed=True),
    ("GET", "/fapi/v1/commissionRate"): Route(_commission, weight=20, signed=True),
    ("GET", "/fapi/v1/income"): Route(_income, weight=30, signed=True),
}
