import pytest

from cio_decision.context import RegimeView
from cio_decision.gates.regime_stale import check
from petrosa_contracts import Breach, Code, DrawdownPhase, RegimeStatus, Trend, VolatilityPhase
from tests.builders import ago, context, intent, regime_status, regime_view

HARD = 21_600


def of_age(seconds: float, symbol: str | None = "BTCUSDT") -> RegimeStatus:
    return regime_status(symbol=symbol, as_of=ago(seconds))


def test_a_fresh_regime_passes_and_its_age_is_measured() -> None:
    assert check(intent(), context(regime=regime_view(symbol=of_age(3600)))) == (3600, HARD)


def test_a_stale_regime_restricts_the_mode_and_is_no_veto() -> None:
    assert check(intent(), context(regime=regime_view(symbol=of_age(HARD)))) == (HARD, HARD)


@pytest.mark.parametrize("symbol", [None, of_age(HARD + 1), of_age(-60)])
def test_the_markets_regime_stands_in_for_a_lost_one_of_the_symbol(symbol: RegimeStatus | None) -> None:
    view = regime_view(symbol=symbol, market=of_age(60, None))
    assert check(intent(), context(regime=view)) == (60, HARD)


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (
            regime_view(symbol=of_age(30_000), market=of_age(25_000, None)),
            "The regime of BTCUSDT is 30000 seconds old, and 21,600 are allowed: ",
        ),
        (
            regime_view(symbol=None, market=of_age(25_000, None)),
            "The market's regime is 25000 seconds old, and 21,600 are allowed: ",
        ),
        (regime_view(symbol=None, market=None), "The market's regime was never seen: "),
    ],
)
def test_without_either_entries_are_vetoed(view: RegimeView, message: str) -> None:
    breach = check(intent(), context(regime=view))
    assert isinstance(breach, Breach)
    assert (breach.code, breach.limit, breach.unit) == (Code.REGIME_STALE, HARD, "seconds")
    assert breach.message.startswith(message)


def test_a_fresh_status_that_says_unknown_is_not_stale() -> None:
    unknown = regime_status(VolatilityPhase.UNKNOWN, DrawdownPhase.UNKNOWN, Trend.UNKNOWN, as_of=ago(10))
    assert check(intent(), context(regime=regime_view(symbol=unknown))) == (10, HARD)


def test_where_the_settings_name_no_regime_there_is_nothing_to_say() -> None:
    assert check(intent(), context()) is None
