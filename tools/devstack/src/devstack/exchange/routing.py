"""What a route is."""

from collections.abc import Callable
from dataclasses import dataclass

from devstack.exchange.parameters import Parameters
from devstack.exchange.world import World

Answer = Callable[[World, Parameters], object]
SUCCESS = {"code": 200, "msg": "success"}


@dataclass(frozen=True, slots=True)
class Route:
    """How a request is answered, what weight it has, and whether it must be signed."""

    answer: Answer
    weight: int = 1
    signed: bool = False


Routes = dict[tuple[str, str], Route]
"""Routes by method and path."""
