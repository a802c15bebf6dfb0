from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.regime import __main__ as command
from bench.regime.crashes import beginnings, calm_after, changes_per_month, telling
from bench.regime.plot import draw
from bench.regime.replay import Reading, read_candles, replay
from bench.regime.seeded import CALM_CRASH_CALM, CRASH_AT, HOUR, START, Stretch, candles_of
from bench.regime.tables import seeded_table
from cio_strategist.domain.regime.candle import Candle
from cio_strategist.domain.regime.settings import RegimeSettings
from petrosa_contracts import DrawdownPhase, RegimeStatus, Trend, VolatilityPhase

SETTINGS = RegimeSettings()
LETTERS = {"n": VolatilityPhase.NORMAL, "h": VolatilityPhase.HIGH, "x": VolatilityPhase.EXTREME}


def readings(phases: str, prices: dict[int, float] | None = None) -> list[Reading]:
    """One reading a letter; the price is 100 but where told, from there on."""
    price, made = 100.0, []
    for place, letter in enumerate(phases):
        price = (prices or {}).get(place, price)
        candle = Candle(START + place * HOUR, price, price, price, price)
        status = RegimeStatus.of_phases(
            symbol="BTCUSDT",
            volatility=LETTERS[letter],
            trend=Trend.SIDEWAYS,
            drawdown=DrawdownPhase.SHALLOW,
            confidence=1.0,
            as_of=candle.opened_at + HOUR,
        )
        made.append(Reading(candle, status))
    return made


def test_a_crash_begins_with_the_first_close_5_percent_below_the_days_high() -> None:
    assert beginnings(readings("n" * 60, {30: 95.1, 31: 95.0, 33: 90.0})) == [31]


def test_hours_count_from_the_beginning_and_are_negative_before_it() -> None:
    told = telling(readings("n" * 10 + "h" * 5 + "x" * 100, {12: 90.0, 20: 81.0}), 12)
    assert (told.high_after, told.extreme_after) == (-2, 3)
    assert told.fallen_before is None
    assert told.fallen_after == pytest.approx(0.1)
    assert told.told == 1


def test_a_late_word_says_how_far_the_price_had_fallen() -> None:
    told = telling(readings("n" * 15 + "h" * 100, {12: 90.0, 15: 80.0}), 12)
    assert told.high_after == 3
    assert told.fallen_before == pytest.approx(0.2)


def test_a_crash_that_is_never_told_is_never() -> None:
    told = telling(readings("n" * 120, {12: 90.0}), 12)
    assert (told.high_after, told.extreme_after, told.told) == (None, None, 0)


def test_it_is_over_with_the_first_calm_hour() -> None:
    assert calm_after(readings("nnhhhnn"), 2) == 3
    assert calm_after(readings("nnhhh"), 2) is None


def test_changes_are_counted_by_month() -> None:
    made = readings(("n" * 24 + "h" * 12 + "x" * 12) * 15 + "n")
    assert changes_per_month(made) == pytest.approx(45)
    assert changes_per_month(made, across_high=True) == pytest.approx(30)


def test_the_seeded_candles_are_the_same_every_time() -> None:
    assert candles_of(CALM_CRASH_CALM, seed=3) == candles_of(CALM_CRASH_CALM, seed=3)
    made = candles_of(CALM_CRASH_CALM, seed=3)
    assert made[CRASH_AT + 8].close / made[CRASH_AT - 1].close < 0.9


def test_the_results_in_the_page_are_those_of_today() -> None:
    page = command.PAGE.read_text(encoding="utf-8")
    assert seeded_table(SETTINGS) in page, "run make regime ARGS=--write"


def test_a_block_of_the_page_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("one\n<!-- a -->\nold\n<!-- /a -->\ntwo\n")
    command.replace_block("a", "new", page=page)
    assert page.read_text() == "one\n<!-- a -->\nnew\n<!-- /a -->\ntwo\n"
    with pytest.raises(ValueError, match="no block b"):
        command.replace_block("b", "new", page=page)


def test_without_real_candles_that_part_is_skipped_with_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command.tables, "seeded_table", lambda settings: "the seeded table")
    done = CliRunner().invoke(command.app, ["--candles", str(tmp_path / "none.csv")])
    assert done.exit_code == 0
    assert "the seeded table" in done.stdout
    assert "skipped" in done.stdout


def test_candles_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "candles.csv"
    file.write_text("timestamp,open,high,low,close,volume\n2020-01-01 00:00:00,1,3,0.5,2,9\n")
    assert read_candles(file) == [Candle(START, 1.0, 3.0, 0.5, 2.0)]


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    candles = candles_of((Stretch(400, 0.004),), seed=1)
    small = replace(SETTINGS, memory=200, memory_needed=100, peak_window=100)
    draw(replay(candles, small), small, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.skipif(not command.MARKET.is_file(), reason="the candles of 2022 and 2023 are not here")
def test_the_known_crashes_of_two_years_are_told_within_half_a_day() -> None:
    told = replay(read_candles(command.MARKET), SETTINGS)
    for crash in command.tables.KNOWN:
        place = command.tables.beginning_of(crash, told)
        assert place is not None
        high_after = telling(told, place).high_after
        assert high_after is not None
        assert timedelta(hours=high_after) <= timedelta(hours=12)
