"""Intents and signals in the forms the fleet sends, for every test that needs a realistic payload.

The project's own samples lie in `tests/fixtures/samples`. Payloads measured on running services may lie beside the
checkout in `../shared/interop`; where they do not, the functions about them answer empty and tests say so by skipping.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).resolve().parents[1]
OWN_SAMPLES = REPOSITORY / "tests" / "fixtures" / "samples"
SHARED_INTEROP = REPOSITORY.parent / "shared" / "interop"
SHARED_SAMPLES = SHARED_INTEROP / "samples"


class Sample(NamedTuple):
    """One payload on its subject, whether the `Signal` model takes it, and its action (None where it has none)."""

    name: str
    subject: str
    payload: dict[str, Any]
    accepted: bool
    action: str | None


def smallest_signal() -> dict[str, Any]:
    """Return a fresh payload with nothing but the fields a signal must have; it carries no timestamp."""
    return {
        "strategy_id": "donchian_breakout",
        "symbol": "SOLUSDT",
        "action": "buy",
        "confidence": 0.7,
        "price": 142.35,
        "quantity": 1.5,
        "current_price": 142.38,
        "source": "ta_bot",
        "strategy": "donchian_breakout",
    }


def load_samples() -> Iterator[Sample]:
    """Yield the project's own samples, each with a payload of its own that the caller may change."""
    return _read_samples(OWN_SAMPLES)


def load_shared_samples() -> list[Sample]:
    """Return the measured intents and signals, or an empty list where they are not at hand."""
    return list(_read_samples(SHARED_SAMPLES)) if SHARED_SAMPLES.is_dir() else []


def load_ignored_extras() -> dict[str, tuple[str, ...]]:
    """Return, by name of each accepted sample (own and measured), the fields of its payload that `Signal` ignores."""
    folders = [folder for folder in (OWN_SAMPLES, SHARED_SAMPLES) if folder.is_dir()]
    entries = (entry for folder in folders for entry in _read_index(folder))
    return {entry["file"]: tuple(entry["extras_ignored"]) for entry in entries if entry["extras_ignored"] is not None}


def _read_samples(folder: Path) -> Iterator[Sample]:
    for entry in _read_index(folder):
        yield Sample(
            name=entry["file"],
            subject=entry["subject"],
            payload=json.loads((folder / entry["file"]).read_text(encoding="utf-8")),
            accepted=entry["engine"]["head"]["model_accepts"],
            action=entry["action"],
        )


def _read_index(folder: Path) -> list[dict[str, Any]]:
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    # The measured folder also holds heartbeats, events and market data: those entries name no engine outcome.
    return [entry for entry in index["files"] if "engine" in entry]
