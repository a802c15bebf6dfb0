import json
import subprocess
import sys
from typing import Any

import pytest

import petrosa_contracts

ALLOWED_PACKAGES = {
    "petrosa_contracts",
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_extensions",
    "typing_inspection",
}
RUNS = 5
BUDGET_MS = 150

IMPORT_TIME = """
import time
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter
class First(BaseModel):  # pydantic finishes its own imports when the first model is made
    field: int
started = time.process_time()
import petrosa_contracts
print((time.process_time() - started) * 1000)
"""

IMPORTED_MODULES = """
import json, sys
before = set(sys.modules)
import petrosa_contracts
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


def _run(script: str) -> Any:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_the_exported_names_are_these() -> None:
    assert petrosa_contracts.__all__ == [
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


@pytest.mark.parametrize("name", petrosa_contracts.__all__)
def test_an_exported_name_exists_and_is_documented(name: str) -> None:
    exported = getattr(petrosa_contracts, name)
    assert name == "CATALOGUE" or exported.__doc__


def test_nothing_public_is_left_unexported() -> None:
    modules = {name.rpartition(".")[2] for name in sys.modules if name.startswith("petrosa_contracts.")}
    public = {name for name in vars(petrosa_contracts) if not name.startswith("_")}
    assert public - modules == set(petrosa_contracts.__all__)


def test_importing_the_library_costs_less_than_150_ms_beyond_pydantic() -> None:
    # The best of several runs: whatever else the machine does can only make one slower.
    assert min(_run(IMPORT_TIME) for _ in range(RUNS)) < BUDGET_MS


def test_importing_the_library_brings_in_pydantic_and_the_standard_library_only() -> None:
    imported = set(_run(IMPORTED_MODULES))
    foreign = imported - ALLOWED_PACKAGES - set(sys.stdlib_module_names)
    # The interpreter's own build settings are a module whose name depends on the platform.
    assert {name for name in foreign if not name.startswith("_sysconfigdata_")} == set()
    assert imported >= {"petrosa_contracts", "pydantic"}
