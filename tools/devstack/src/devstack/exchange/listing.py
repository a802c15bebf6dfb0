"""The exchange's rules in the form of `exchangeInfo`."""

from devstack.exchange.amounts import plain
from devstack.exchange.market import Market
from devstack.exchange.orders import OrderType, TimeInForce
from devstack.exchange.rules import SymbolRules
from devstack.exchange.weights import ORDERS_PER_MINUTE, ORDERS_PER_TEN_SECONDS

NEVER = 4133404800000
"""The delivery date of what is never delivered."""


def exchange_info(market: Market, now: int, weight_limit: int) -> dict[str, object]:
    """Return the whole listing."""
    return {
        "timezone": "UTC",
        "serverTime": now,
        "futuresType": "U_MARGINED",
        "rateLimits": rate_limits(weight_limit),
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "0"}],
        "symbols": [_symbol(each, market) for each in market.rules.values()],
    }


def rate_limits(weight_limit: int) -> list[dict[str, object]]:
    """Return the limits in the form of `exchangeInfo`."""
    return [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": weight_limit},
        {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": ORDERS_PER_MINUTE},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": ORDERS_PER_TEN_SECONDS},
    ]


def _symbol(rules: SymbolRules, market: Market) -> dict[str, object]:
    return {
        "symbol": rules.symbol,
        "pair": rules.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": NEVER,
        "onboardDate": market.listed_since,
        "status": market.statuses[rules.symbol],
        "maintMarginPercent": f"{rules.maintenance_ratio * 100:.4f}",
        "requiredMarginPercent": "5.0000",
        "baseAsset": rules.base,
        "quoteAsset": rules.quote,
        "marginAsset": rules.quote,
        "pricePrecision": rules.price_precision,
        "quantityPrecision": rules.quantity_precision,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.000000",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": _filters(rules),
        "orderTypes": [each.value for each in OrderType],
        "timeInForce": [each.value for each in TimeInForce],
    }


def _filters(rules: SymbolRules) -> list[dict[str, object]]:
    lot = {"minQty": plain(rules.step), "stepSize": plain(rules.step)}
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": plain(rules.min_price),
            "maxPrice": plain(rules.max_price),
            "tickSize": plain(rules.tick),
        },
        {"filterType": "LOT_SIZE", "maxQty": plain(rules.max_quantity), **lot},
        {"filterType": "MARKET_LOT_SIZE", "maxQty": plain(rules.max_market_quantity), **lot},
        {"filterType": "MAX_NUM_ORDERS", "limit": rules.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": rules.max_stops},
        {"filterType": "MIN_NOTIONAL", "notional": plain(rules.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": plain(rules.percent_up),
            "multiplierDown": plain(rules.percent_down),
            "multiplierDecimal": "4",
        },
    ]
