import pytest

from cio_decision.evaluation import evaluate
from cio_decision.gates import regime_entry
from petrosa_contracts import Code, DrawdownPhase, RegimeStatus, Trend, VolatilityPhase
from tests.builders import NOW, breached, context, intent, passes, regime_status, regime_view

HIGH, EXTREME, UNKNOWN = VolatilityPhase.HIGH, VolatilityPhase.EXTREME, VolatilityPhase.UNKNOWN
SEVERE = DrawdownPhase.SEVERE


@pytest.mark.parametrize("volatility", [EXTREME, UNKNOWN])
@pytest.mark.parametrize(
    ("action", "trend", "passing"),
    [
        ("buy", Trend.DOWN, False),
        ("buy", Trend.UP, True),
        ("buy", Trend.SIDEWAYS, True),
        ("buy", Trend.UNKNOWN, False),
        ("sell", Trend.UP, False),
        ("sell", Trend.DOWN, True),
        ("sell", Trend.SIDEWAYS, True),
        ("sell", Trend.UNKNOWN, False),
    ],
)
def test_in_extreme_volatility_nothing_is_opened_against_the_trend(
    volatility: VolatilityPhase, action: str, trend: Trend, passing: bool
) -> None:
    circumstances = context(regime=regime_view(symbol=regime_status(volatility, trend=trend)))
    assert passes(regime_entry.check(intent(action=action), circumstances)) is passing


@pytest.mark.parametrize("drawdown", [SEVERE, DrawdownPhase.UNKNOWN])
@pytest.mark.parametrize("trend", list(Trend))
@pytest.mark.parametrize("action", ["buy", "sell"])
def test_in_extreme_volatility_and_a_severe_drawdown_nothing_is_opened_at_all(
    drawdown: DrawdownPhase, trend: Trend, action: str
) -> None:
    circumstances = context(regime=regime_view(symbol=regime_status(EXTREME, drawdown, trend)))
    assert not passes(regime_entry.check(intent(action=action), circumstances))


@pytest.mark.parametrize("volatility", [VolatilityPhase.LOW, VolatilityPhase.NORMAL, HIGH])
@pytest.mark.parametrize("drawdown", list(DrawdownPhase))
def test_below_extreme_volatility_entries_are_left_to_size_and_increase(
    volatility: VolatilityPhase, drawdown: DrawdownPhase
) -> None:
    circumstances = context(regime=regime_view(symbol=regime_status(volatility, drawdown, Trend.DOWN)))
    assert passes(regime_entry.check(intent(), circumstances))


def test_the_market_as_a_whole_forbids_as_well() -> None:
    circumstances = context(regime=regime_view(market=regime_status(EXTREME, trend=Trend.DOWN, symbol=None)))
    breach = breached(regime_entry.check(intent(), circumstances))
    assert (breach.code, breach.measured, breach.limit, breach.unit) == (
        Code.REGIME_ENTRY,
        "extreme",
        "high",
        "phase",
    )
    assert breach.scope is None
    for part in ("LONG", "BTCUSDT", "the market", "extreme volatility", "trend down"):
        assert part in breach.message


def test_an_unknown_regime_forbids_every_entry() -> None:
    unknown = context(regime=regime_view(symbol=RegimeStatus.unknown(symbol="BTCUSDT", as_of=NOW)))
    assert not passes(regime_entry.check(intent(), unknown))
    assert not passes(regime_entry.check(intent(action="sell"), unknown))


@pytest.mark.parametrize("view", [None, regime_view(symbol=None, market=None)], ids=["off", "lost"])
def test_without_regime_data_the_gate_has_nothing_to_say(view: object) -> None:
    assert regime_entry.check(intent(), context(regime=view)) is None


@pytest.mark.parametrize("action", ["close", "hold"])
def test_exits_are_exempt(action: str) -> None:
    collapse = context(regime=regime_view(symbol=regime_status(EXTREME, SEVERE)))
    assert evaluate(intent(action=action), collapse).breaches == ()
