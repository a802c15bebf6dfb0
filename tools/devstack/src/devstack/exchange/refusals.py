"""How the exchange says no: Binance's codes and sentences for USD-M futures."""

from enum import Enum

BAD_REQUEST = 400
UNAUTHORIZED = 401
NOT_FOUND = 404
TOO_MANY_REQUESTS = 429


class Reason(Enum):
    """A code of the exchange with its sentence; `{}` stands for what the sentence names."""

    TOO_MANY_REQUESTS = (-1003, "Too many requests; current limit is {} request weight per 1 MINUTE.")
    TOO_MANY_NEW_ORDERS = (-1015, "Too many new orders; current limit is {} {}.")
    INSUFFICIENT_BALANCE = (-2010, "Account has insufficient balance for requested action.")
    FILTER_FAILURE = (-1013, "Filter failure: {}")
    INVALID_TIMESTAMP = (-1021, "Timestamp for this request is outside of the recvWindow.")
    TIMESTAMP_AHEAD = (-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    INVALID_SIGNATURE = (-1022, "Signature for this request is not valid.")
    MANDATORY_PARAMETER = (-1102, "Mandatory parameter '{}' was not sent, was empty/null, or malformed.")
    UNREQUIRED_PARAMETER = (-1106, "Parameter '{}' sent when not required.")
    BAD_PRECISION = (-1111, "Precision is over the maximum defined for this asset.")
    INVALID_TIME_IN_FORCE = (-1115, "Invalid timeInForce.")
    INVALID_ORDER_TYPE = (-1116, "Invalid orderType.")
    INVALID_SIDE = (-1117, "Invalid side.")
    INVALID_INTERVAL = (-1120, "Invalid interval.")
    INVALID_SYMBOL = (-1121, "Invalid symbol.")
    INVALID_PARAMETER = (-1130, "Data sent for parameter '{}' is not valid.")
    RECV_WINDOW_TOO_LONG = (-1131, "recvWindow must be less than 60000")
    UNKNOWN_ORDER = (-2011, "Unknown order sent.")
    NO_SUCH_ORDER = (-2013, "Order does not exist.")
    BAD_API_KEY = (-2014, "API-key format invalid.")
    REJECTED_API_KEY = (-2015, "Invalid API-key, IP, or permissions for action")
    MARGIN_INSUFFICIENT = (-2019, "Margin is insufficient.")
    WOULD_TRIGGER = (-2021, "Order would immediately trigger.")
    REDUCE_ONLY_REJECTED = (-2022, "ReduceOnly Order is rejected.")
    TOO_MANY_ORDERS = (-2025, "Reach max open order limit.")
    PRICE_NOT_POSITIVE = (-4001, "Price less than 0.")
    PRICE_ABOVE_MAX = (-4002, "Price greater than max price.")
    QUANTITY_NOT_POSITIVE = (-4003, "Quantity less than or equal to zero.")
    QUANTITY_BELOW_MIN = (-4004, "Quantity less than min quantity.")
    QUANTITY_ABOVE_MAX = (-4005, "Quantity greater than max quantity.")
    STOP_PRICE_NOT_POSITIVE = (-4006, "Stop price less than zero.")
    PRICE_BELOW_MIN = (-4013, "Price less than min price.")
    PRICE_OFF_TICK = (-4014, "Price not increased by tick size.")
    PRICE_ABOVE_BAND = (-4016, "Limit price can't be higher than {}.")
    QUANTITY_OFF_STEP = (-4023, "Quantity not increased by step size.")
    PRICE_BELOW_BAND = (-4024, "Limit price can't be lower than {}.")
    INVALID_LEVERAGE = (-4028, "Leverage {} is not valid")
    TOO_MANY_STOPS = (-4045, "Reach max stop order limit.")
    SAME_MARGIN_TYPE = (-4046, "No need to change margin type.")
    MARGIN_TYPE_WITH_ORDERS = (-4047, "Margin type cannot be changed if there exists open orders.")
    MARGIN_TYPE_WITH_POSITION = (-4048, "Margin type cannot be changed if there exists position.")
    SAME_POSITION_MODE = (-4059, "No need to change position side.")
    POSITION_SIDE_MISMATCH = (-4061, "Order's position side does not match user's setting.")
    POSITION_MODE_WITH_ORDERS = (-4067, "Position side cannot be changed if there exists open orders.")
    POSITION_MODE_WITH_POSITION = (-4068, "Position side cannot be changed if there exists position.")
    DUPLICATE_CLIENT_ID = (-4116, "ClientOrderId is duplicated.")
    USE_ALGO_ENDPOINT = (
        -4120,
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    )
    CLOSE_POSITION_EXISTS = (
        -4130,
        "An open stop or take profit order with GTE and closePosition in the direction is existing.",
    )
    TARGET_STRATEGY = (-4136, "Target strategy invalid for orderType {},closePosition true.")
    QUANTITY_WITH_CLOSE_POSITION = (-4137, "Quantity must be zero with closePosition equals true.")
    SYMBOL_NOT_OPEN = (-4140, "Invalid symbol status for opening position.")
    NOTIONAL_BELOW_MIN = (-4164, "Order's notional must be no smaller than {} (unless you choose reduce only).")
    FOK_REJECTED = (
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been rejected.",
    )
    POST_ONLY_REJECTED = (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    )


_STATUS = {
    Reason.TOO_MANY_REQUESTS: TOO_MANY_REQUESTS,
    Reason.TOO_MANY_NEW_ORDERS: TOO_MANY_REQUESTS,
    Reason.BAD_API_KEY: UNAUTHORIZED,
    Reason.REJECTED_API_KEY: UNAUTHORIZED,
}


class RefusedError(Exception):
    """The exchange refuses a request; `body` and `status` are what it answers. `named` fills the sentence's `{}`."""

    def __init__(self, reason: Reason, *named: object) -> None:
        code, sentence = reason.value
        super().__init__(sentence.format(*named))
        self.reason = reason
        self.code = code
        self.status = _STATUS.get(reason, BAD_REQUEST)

    @property
    def body(self) -> dict[str, object]:
        """The error body, `{code, msg}`."""
        return {"code": self.code, "msg": str(self)}
