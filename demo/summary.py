"""The summary: counts by reason, latency, and the facts."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from demo.fact import percentile
from demo.facts import FACTS
from demo.ledger import Delivered, Judged, Ledger, Note, Sent
from demo.rows import rows


def print_summary(console: Console, ledger: Ledger) -> bool:
    """Print what happened and which facts hold, and return whether all do; no colours where there is no terminal."""
    facts = [fact(ledger) for fact in FACTS]
    failed = sum(1 for fact in facts if not fact.holds)
    inside = [judged.verdict.latency_ms for judged in ledger.of(Judged)]

    def say(line: str | Text, style: str = "") -> None:
        console.print(line, style=style, soft_wrap=not console.is_terminal, highlight=False, markup=False)

    if console.is_terminal:
        say("What was done", "bold")
        for note in ledger.of(Note):
            say(f"  {note.at:5.1f}  {note.text}")
    sent, signals = len(ledger.of(Sent)), len(ledger.of(Delivered))
    say(f"\n{sent} intents in {ledger.now():.0f} s, {signals} signals to TradeEngine", "bold")
    for outcome, number in Counter(row.outcome for row in rows(ledger)).most_common():
        say(f"  {number:>5}  {outcome}")
    say(f"\nHow long the bots waited for {len(ledger.waits)} verdicts", "bold")
    say(f"  {quantiles(ledger.waits)}   (in the gate itself: {quantiles(inside)})")
    say("\nWhat was checked", "bold")
    for fact in facts:
        mark, style = ("✓", "green") if fact.holds else ("✗ FAILED:", "bold red")
        say(Text.assemble("  ", (mark, style), f" {fact.claim} ", (f"({fact.detail})", "dim")))
    if failed:
        say(f"\n{failed} of {len(facts)} facts do not hold: the demo FAILED.", "bold red")
    else:
        say(f"\nAll {len(facts)} facts hold.", "bold green")
    return not failed


def quantiles(values: Sequence[float]) -> str:
    """Return median and 99th percentile of values in milliseconds, in words."""
    return f"p50 {percentile(values, 0.5):.1f} ms, p99 {percentile(values, 0.99):.1f} ms"
