"""A simulated futures market: as much of its REST interface as closing an account needs, signatures checked."""

from decimal import Decimal
from typing import cast

from canary.account import USD_M_PATHS, FuturesPaths
from canary.caller import Credentials
from canary.clock import Clock
from canary.model import PositionSide
from canary.simulator.book import Book, MarketOrder, RefusalError
from canary.simulator.door import OK, Door, Parameters, Routes
from canary.simulator.faults import Turn


class SimulatedExchange(Door):
    """USD-M futures, or with other `paths` COIN-M; `turns` is a list to add to, as `faults` is."""

    def __init__(
        self,
        book: Book,
        credentials: Credentials,
        clock: Clock,
        *,
        latency: float = 0.0,
        skew: float = 0.0,
        paths: FuturesPaths = USD_M_PATHS,
    ) -> None:
        root = paths.root
        weights = {
            ("GET", f"{root}/positionSide/dual"): 30,
            ("GET", paths.positions): 5,
            ("GET", paths.balance): 5,
            ("GET", f"{root}/openOrders"): 40,
            ("GET", f"{root}/openAlgoOrders"): 40,
            ("POST", f"{root}/order"): 0,
        }
        super().__init__(credentials, clock, weights=weights, latency=latency)
        self.book = book
        self.turns: list[Turn] = []
        self.alias = "SIMULATED"
        self.skew = skew
        self.routes |= self._routes(paths)

    def turn(self, method: str, path: str, *, after: bool) -> None:
        """Let what was asked for happen on the market, before a request or after it."""
        for turn in self.turns:
            if turn.after == after and turn.due(method, path):
                turn.act(self.book)

    def _routes(self, paths: FuturesPaths) -> Routes:
        root = paths.root
        return {
            ("GET", f"{root}/ping"): lambda _: {},
            ("GET", f"{root}/time"): lambda _: {"serverTime": self.now()},
            ("GET", f"{root}/exchangeInfo"): self._exchange_info,
            ("GET", f"{root}/positionSide/dual"): lambda _: {"dualSidePosition": self.book.hedge},
            ("GET", paths.balance): lambda _: [{"accountAlias": self.alias, "asset": "USDT", "balance": "1000.0"}],
            ("GET", paths.positions): self._positions,
            ("GET", f"{root}/openOrders"): lambda _: self._resting("orderId", conditional=False),
            ("GET", f"{root}/openAlgoOrders"): lambda _: self._resting("algoId", conditional=True),
            ("DELETE", f"{root}/allOpenOrders"): lambda p: self._cancel(p, conditional=False),
            ("DELETE", f"{root}/algoOpenOrders"): lambda p: self._cancel(p, conditional=True),
            ("POST", f"{root}/order"): self._new_order,
            ("GET", f"{root}/order"): self._order,
        }

    def _exchange_info(self, _: Parameters) -> object:
        symbols = [
            {
                "symbol": name,
                "filters": [
                    {
                        "filterType": kind,
                        "stepSize": str(symbol.lot.step),
                        "minQty": str(symbol.lot.minimum),
                        "maxQty": str(symbol.lot.maximum),
                    }
                    for kind in ("LOT_SIZE", "MARKET_LOT_SIZE")
                ],
            }
            for name, symbol in self.book.symbols.items()
        ]
        return {"rateLimits": self.rate_limits(), "symbols": symbols}

    def _positions(self, _: Parameters) -> object:
        return [
            {"symbol": symbol, "positionSide": side, "positionAmt": str(amount)}
            for (symbol, side), amount in self.book.positions.items()
        ]

    def _resting(self, identity: str, *, conditional: bool) -> object:
        return [
            {"symbol": order.symbol, identity: number}
            for number, order in self.book.resting.items()
            if order.conditional == conditional
        ]

    def _cancel(self, parameters: Parameters, *, conditional: bool) -> object:
        self.book.cancel_all(parameters["symbol"], conditional=conditional)
        return {"code": OK, "msg": "The operation of cancel all open order is done."}

    def _new_order(self, parameters: Parameters) -> object:
        order = MarketOrder(
            symbol=parameters["symbol"],
            buy=parameters["side"] == "BUY",
            side=cast("PositionSide", parameters.get("positionSide", "BOTH")),
            quantity=Decimal(parameters["quantity"]),
            reduce_only=parameters.get("reduceOnly") == "true",
        )
        self.book.execute(order, parameters["newClientOrderId"])
        return self._order({"symbol": order.symbol, "origClientOrderId": parameters["newClientOrderId"]})

    def _order(self, parameters: Parameters) -> object:
        client_id = parameters["origClientOrderId"]
        found = self.book.finished.get((parameters["symbol"], client_id))
        if found is None:
            raise RefusalError(-2013, "Order does not exist.")
        status, quantity, executed = found
        return {
            "symbol": parameters["symbol"],
            "clientOrderId": client_id,
            "status": status,
            "origQty": str(quantity),
            "executedQty": str(executed),
        }
