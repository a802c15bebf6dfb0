"""What the trading fleet speaks: signals, trading parameters, verdicts, control state and subjects."""

from petrosa_contracts.alert import Alert, AlertSeverity
from petrosa_contracts.control import ControlEntry, ControlState, Mode, ScopedControl, strictest
from petrosa_contracts.failsafe import FailSafeLimits
from petrosa_contracts.failsafe_report import FailSafeReport
from petrosa_contracts.heartbeat import GovernanceHeartbeat, GovernanceStatus, HeartbeatMessage, RateLimitStatus
from petrosa_contracts.market import MarketState, Quote, SymbolRules
from petrosa_contracts.order import OrderSide, OrderStatus, TradeOrder
from petrosa_contracts.parameters import (
    CATALOGUE,
    Parameter,
    ParameterError,
    default_parameters,
    validate_patch,
)
from petrosa_contracts.policy import PolicyLayer, PolicySnapshot, PolicyUnreadableError
from petrosa_contracts.portfolio import PortfolioState, Position
from petrosa_contracts.regime import DrawdownPhase, RegimeFeatures, RegimeStatus, Trend, VolatilityPhase
from petrosa_contracts.resolution import Provenance, ResolvedPolicy, resolve
from petrosa_contracts.scope import Scope, ScopeError, ScopeKind, Side
from petrosa_contracts.signal import (
    OrderType,
    Signal,
    SignalStrength,
    SignalType,
    StrategyMode,
    TimeFrame,
    TimeInForce,
)
from petrosa_contracts.tracing import TraceContext
from petrosa_contracts.trading_config import LeverageStatus, TradingConfig, TradingConfigAudit
from petrosa_contracts.verdict import Breach, Code, Decision, LiveValues, Verdict

__all__ = [
    "CATALOGUE",
    "Alert",
    "AlertSeverity",
    "Breach",
    "Code",
    "ControlEntry",
    "ControlState",
    "Decision",
    "DrawdownPhase",
    "FailSafeLimits",
    "FailSafeReport",
    "GovernanceHeartbeat",
    "GovernanceStatus",
    "HeartbeatMessage",
    "LeverageStatus",
    "LiveValues",
    "MarketState",
    "Mode",
    "OrderSide",
    "OrderStatus",
    "OrderType",
    "Parameter",
    "ParameterError",
    "PolicyLayer",
    "PolicySnapshot",
    "PolicyUnreadableError",
    "PortfolioState",
    "Position",
    "Provenance",
    "Quote",
    "RateLimitStatus",
    "RegimeFeatures",
    "RegimeStatus",
    "ResolvedPolicy",
    "Scope",
    "ScopeError",
    "ScopeKind",
    "ScopedControl",
    "Side",
    "Signal",
    "SignalStrength",
    "SignalType",
    "StrategyMode",
    "SymbolRules",
    "TimeFrame",
    "TimeInForce",
    "TraceContext",
    "TradeOrder",
    "TradingConfig",
    "TradingConfigAudit",
    "Trend",
    "Verdict",
    "VolatilityPhase",
    "default_parameters",
    "resolve",
    "strictest",
    "validate_patch",
]
