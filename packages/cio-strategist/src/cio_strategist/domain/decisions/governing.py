"""Which parameters decide about which veto."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from petrosa_contracts import Code

GOVERNED_BY: Final[Mapping[Code, tuple[str, ...]]] = MappingProxyType(
    {
        Code.INTENT_STALE: ("max_signal_age_seconds",),
        Code.STRATEGY_DISABLED: ("enabled",),
        Code.SIDE_DISABLED: ("enable_longs", "enable_shorts"),
        Code.SYMBOL_NOT_ALLOWED: ("allowed_symbols",),
        Code.CONFIDENCE_LOW: ("min_confidence_threshold",),
        Code.ORDER_NOTIONAL_MAX: ("max_position_size_usd",),
        Code.ORDER_NOTIONAL_MIN: ("min_position_size_usd",),
        Code.POSITION_SIZE_MAX: ("position_size_pct",),
        Code.LEVERAGE_MAX: ("max_leverage_bound", "leverage"),
        Code.DAILY_TRADES: ("max_daily_trades",),
        Code.PRICE_PHANTOM: ("slippage_tolerance_pct",),
        Code.REGIME_SIZE: ("max_position_size_usd",),
        Code.DAILY_LOSS: ("max_daily_loss_pct",),
        Code.EXPOSURE_MAX: ("max_portfolio_exposure_pct",),
        Code.POSITIONS_MAX: ("max_concurrent_positions",),
        Code.LEVERAGE_TOTAL: ("portfolio_leverage_cap",),
    }
)
"""By code of the veto. Codes that are not here are decided by control, by the intent, or by the gate itself."""
