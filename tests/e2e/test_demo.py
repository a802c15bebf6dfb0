import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from pydantic import ValidationError
from rich.console import Console

from demo.bots import BOTS, Bot, Wish
from demo.fact import Fact, percentile
from demo.facts import FACTS
from demo.ledger import Answered, Delivered, Event, GateState, Judged, Ledger, Sent
from demo.market import FORMS, Phase, Tick, night_began, until_the_hour_is_over
from demo.rows import rows
from demo.summary import print_summary
from demo.view import screen, sparkline
from petrosa_contracts import Code, Signal
from tests.e2e import demo_chain_violations, demo_market_violations, demo_violations
from tests.e2e.demo_plays import a_good_play, add_after, drop, of
from tests.e2e.demo_violations import a_signal_nobody_approved

REPOSITORY = Path(__file__).resolve().parents[2]
CRASH = range(20, 40)
VIOLATIONS = [*demo_violations.VIOLATIONS, *demo_market_violations.VIOLATIONS, *demo_chain_violations.VIOLATIONS]


def ticks(number: int = 60) -> list[Tick]:
    prices = dict.fromkeys(FORMS, 150.0)
    return [Tick(index, Phase.CRASH if index in CRASH else Phase.CALM, prices) for index in range(number)]


class TestHour:
    def test_the_night_begins_at_a_whole_hour(self) -> None:
        assert night_began(datetime(2026, 2, 25, 12, 59, 59, 999, tzinfo=UTC)) == datetime(2026, 2, 25, tzinfo=UTC)

    @pytest.mark.parametrize(("minute", "second", "wait"), [(0, 0, 0), (58, 30, 0), (58, 31, 90), (59, 59, 2)])
    def test_a_play_waits_for_an_hour_that_would_end_in_it(self, minute: int, second: int, wait: int) -> None:
        assert until_the_hour_is_over(datetime(2026, 2, 25, 12, minute, second, tzinfo=UTC), 90) == wait


class TestBots:
    @pytest.mark.parametrize("bot", BOTS, ids=lambda bot: bot.strategy_id)
    @pytest.mark.parametrize("action", ["buy", "sell", "close", "hold"])
    def test_honest_payloads_are_signals(self, bot: Bot, action: str) -> None:
        signal = Signal.model_validate(bot.form(bot, Wish(action, usd=100), 150.0, Random(1)))
        assert (signal.strategy_id, signal.symbol, signal.action) == (bot.strategy_id, bot.symbol, action)

    @pytest.mark.parametrize("bot", BOTS, ids=lambda bot: bot.strategy_id)
    def test_percent_for_fractions_is_no_signal(self, bot: Bot) -> None:
        with pytest.raises(ValidationError, match="stop_loss_pct"):
            Signal.model_validate(bot.form(bot, Wish("buy", usd=100, percent=True), 150.0, Random(1)))

    def test_every_kind_of_mistake_is_planted_even_in_a_short_play(self) -> None:
        course, rng = ticks(40), Random(1)
        wishes = [wish for tick in course for bot in BOTS if (wish := bot.habit(tick, rng))]
        assert {wish.flaw for wish in wishes} == {
            None,
            Code.ORDER_NOTIONAL_MAX,
            Code.STOP_INVALID,
            Code.REGIME_ENTRY,
        }
        assert any(wish.twice for wish in wishes)


class TestFacts:
    @pytest.mark.parametrize("fact", FACTS)
    def test_holds_for_a_good_play(self, fact: Callable[[Ledger], Fact]) -> None:
        assert fact(a_good_play()).holds

    @pytest.mark.parametrize("fact", FACTS)
    def test_does_not_hold_where_nothing_happened(self, fact: Callable[[Ledger], Fact]) -> None:
        assert not fact(Ledger(clock=lambda: 0.0)).holds

    @pytest.mark.parametrize(("fact", "violation"), VIOLATIONS)
    def test_does_not_hold_for_a_violation(
        self, fact: Callable[[Ledger], Fact], violation: Callable[[Ledger], None]
    ) -> None:
        ledger = a_good_play()
        violation(ledger)
        assert not fact(ledger).holds

    def test_each_is_violated_here(self) -> None:
        assert {fact for fact, _ in VIOLATIONS} == set(FACTS)

    def test_percentile_is_the_nearest_rank(self) -> None:
        assert [percentile(range(1, 101), share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 50, 99, 100]
        assert percentile([], 0.5) == 0.0


class TestLedger:
    def test_a_good_play_is_settled(self) -> None:
        assert a_good_play().settled

    @pytest.mark.parametrize("kind", [Judged, Answered, Delivered])
    def test_is_not_settled_while_something_is_missing(self, kind: type[Event]) -> None:
        ledger = a_good_play()
        drop(ledger, kind, of("large before"))
        assert not ledger.settled

    def test_does_not_wait_for_what_no_gate_heard(self) -> None:
        ledger = a_good_play()
        heard = next(sent for sent in ledger.of(Sent) if sent.signal_id == "unheard")
        add_after(ledger, GateState.KILLED, replace(heard, signal_id="plain", asks=False))
        assert ledger.settled


class TestViews:
    @pytest.mark.parametrize(("width", "height"), [(100, 30), (120, 40), (200, 60)])
    def test_fills_the_screen_exactly_and_wraps_nothing(self, width: int, height: int) -> None:
        console = Console(width=width, height=height, color_system=None)
        with console.capture() as captured:
            console.print(screen(a_good_play(), width, height, 30.0), end="")
        lines = captured.get().splitlines()
        assert [len(line) for line in lines] == [width] * height

    def test_draws_before_anything_has_happened(self) -> None:
        console = Console(width=100, height=30, color_system=None)
        with console.capture() as captured:
            console.print(screen(Ledger(clock=lambda: 0.0), 100, 30, 30.0), end="")
        assert "STARTING" in captured.get()

    def test_sparkline_runs_from_the_lowest_bar_to_the_highest(self) -> None:
        assert sparkline([1.0, 2.0, 8.0], 10) == "▁▂█"
        assert sparkline([5.0, 5.0], 10) == "▁▁"
        assert len(sparkline(range(1000), 40)) == 40

    def test_rows_tell_approvals_vetoes_and_silence_apart(self) -> None:
        found = [(row.approved, row.outcome) for row in rows(a_good_play())]
        assert (True, "approved") in found
        assert (False, "HALT_ACTIVE") in found
        assert (None, "no answer") in found

    def test_summary_says_clearly_that_a_fact_does_not_hold(self) -> None:
        ledger = a_good_play()
        console = Console(width=200, color_system=None)
        with console.capture() as captured:
            assert print_summary(console, ledger)
            a_signal_nobody_approved(ledger)
            assert not print_summary(console, ledger)
        assert "✗ FAILED: nothing unapproved reached TradeEngine" in captured.get()
        assert f"1 of {len(FACTS)} facts do not hold: the demo FAILED." in captured.get()


@pytest.mark.servers
def test_a_short_demo_runs_to_its_end_and_every_fact_holds() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "demo", "--plain", "--short"],
        cwd=REPOSITORY,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr
    assert not re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", ended.stdout)
    assert ended.stdout.count("  ✓ ") == len(FACTS)
    assert f"All {len(FACTS)} facts hold." in ended.stdout
    assert ended.stderr == ""
