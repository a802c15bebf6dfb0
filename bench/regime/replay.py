"""Candles through the classifier, one by one, as they would come."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cio_strategist.domain.regime.candle import Candle
from cio_strategist.domain.regime.classifier import classify, status_of
from cio_strategist.domain.regime.settings import RegimeSettings
from cio_strategist.domain.regime.state import RegimeState
from petrosa_contracts import RegimeStatus


@dataclass(frozen=True, slots=True)
class Reading:
    """One candle and what was said at its end."""

    candle: Candle
    status: RegimeStatus


def read_candles(file: Path) -> list[Candle]:
    """Read candles from a CSV file with a header and the columns timestamp (UTC), open, high, low and close."""
    with file.open(newline="", encoding="utf-8") as lines:
        return [
            Candle(
                datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC),
                *(float(row[name]) for name in ("open", "high", "low", "close")),
            )
            for row in csv.DictReader(lines)
        ]


def replay(candles: Iterable[Candle], settings: RegimeSettings) -> list[Reading]:
    """Return what was said after each candle that was taken."""
    state = RegimeState()
    readings: list[Reading] = []
    for candle in candles:
        classified = classify(state, candle, settings)
        state = classified.state
        status = status_of("BTCUSDT", state, settings)
        if classified.refusal is None and status is not None:
            readings.append(Reading(candle, status))
    return readings
