"""What a route is."""

from collections.abc import Callable
from dataclasses import dataclass

from devstack.exchange.parameters import Parameters
from devstack.exchange.world import World

Answer = Callable[[World, Parameters], object]
SUCCESS = {"code": 200, "msg": "success"}


@dataclass(frozen=True, slots=True)
class Route:
    """How a request is answered, what weight it has, whether it must be signed, and whether it is a new order.

    `weight_of_all` is the weight without a symbol, where that is another. `spot` has a pool of weight of its own.
    """

    answer: Answer
    weight: int = 1
    signed: bool = False
    weight_of_all: int | None = None
    order: bool = False
    spot: bool = False

    def weight_for(self, parameters: Parameters) -> int:
        """Return what a request with these parameters costs."""
        if self.weight_of_all is not None and not parameters.has("symbol"):
            return self.weight_of_all
        return self.weight


Routes = dict[tuple[str, str], Route]
"""Routes by method and path."""
