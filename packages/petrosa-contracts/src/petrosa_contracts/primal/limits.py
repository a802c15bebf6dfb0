"""The limits as values, and how amounts are computed that are held against them.

Money and shares are decimals, so that what is compared is what is written.
"""

import hashlib
import json
from decimal import ROUND_UP, Context, Decimal
from typing import Annotated, Final, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

PRIMAL_SCOPE: Final = "primal"
"""What breaches name as the scope of a primal limit."""

UPWARD: Final = Context(prec=40, rounding=ROUND_UP)
"""How amounts are computed before they are held against a primal limit: what does not fit is rounded away from zero.

Decimal's usual 28 digits, rounded to nearest, are too few for a product of two floats: 0.663438598717079 x
9709.85907498747 would equal 6441.89529845, and is more. Rounded up, what compares as within a limit is within it.
"""


def _decimal(value: object) -> object:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _listed(value: object) -> object:
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value


def _sorted_once(assets: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(assets)) != len(assets):
        raise ValueError("an asset is named twice")
    return tuple(sorted(assets))


_Decimal = Annotated[Decimal, BeforeValidator(_decimal), Field(gt=0, max_digits=15, decimal_places=8)]
_Share = Annotated[_Decimal, Field(le=1)]
_Asset = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,10}$")]
_Assets = Annotated[
    tuple[_Asset, ...], BeforeValidator(_listed), AfterValidator(_sorted_once), Field(min_length=1, max_length=32)
]


class PrimalLimits(BaseModel):
    """The hard ceilings. Limits are inclusive: equal to the limit passes.

    Decimals have at most 15 digits, 8 of them after the point. Raises `pydantic.ValidationError` for a missing,
    unknown or mistyped field: nothing here has a default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    revision: int = Field(ge=0, description="Counts the changes of the file, from 1; 0 are the built-in limits.")
    order_notional_usd: _Decimal = Field(
        description="Largest value of one order, quote currency (USD); leverage is not multiplied in."
    )
    leverage: int = Field(ge=1, le=125, description="Largest leverage, x.")
    exposure_share: _Share = Field(description="Largest exposure, as a share of equity (0.8 = 80 %).")
    daily_loss_share: _Share = Field(description="Largest loss of a UTC day, as a share of equity.")
    orders_per_second: int = Field(ge=1, le=10_000, description="Orders that one gate lets out per second.")
    price_deviation_share: _Share = Field(
        description="Farthest that an order's price may be from the current price, as a share of it."
    )
    quote_assets: _Assets = Field(description="Assets that may be traded against, such as USDT.")

    def canonical(self) -> bytes:
        """Return the limits as bytes that are equal exactly if the limits are: JSON, sorted, decimals as plain text."""
        fields = {
            name: f"{value.normalize():f}" if isinstance(value, Decimal) else value
            for name, value in self.model_dump().items()
        }
        return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()

    def digest(self) -> str:
        """Return the SHA-256 of the canonical bytes, hexadecimal."""
        return hashlib.sha256(self.canonical()).hexdigest()

    def allows_quote_of(self, symbol: str) -> bool:
        """Return whether a symbol such as BTCUSDT is traded against an allowed asset, spelled as the exchange does."""
        return any(symbol.endswith(asset) and symbol != asset for asset in self.quote_assets)


BUILT_IN: Final = PrimalLimits(
    revision=0,
    order_notional_usd=Decimal(1000),
    leverage=10,
    exposure_share=Decimal("0.5"),
    daily_loss_share=Decimal("0.02"),
    orders_per_second=5,
    price_deviation_share=Decimal("0.02"),
    quote_assets=("USDT",),
)
"""The tightest limits, which hold where a file was meant and cannot be believed.

Policy's own defaults for order value and leverage fit in, so that a fund on its defaults can still trade small.
"""
