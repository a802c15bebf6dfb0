"""Amounts: prices, quantities and money as decimals, within magnitudes that can be reckoned with.

Written as text, a decimal may be `1e999999`: finite and positive, but a product with it overflows, and spelt out it
fills a megabyte.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

Amount = Annotated[Decimal, Field(max_digits=360, decimal_places=60, allow_inf_nan=False)]
"""A finite decimal below 1e300 on either side of zero, with at most 60 digits after the point."""

PositiveAmount = Annotated[Amount, Field(gt=0)]
"""An amount above zero."""

NotNegativeAmount = Annotated[Amount, Field(ge=0)]
"""An amount of at least zero."""
