"""Imposing and lifting modes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cio_strategist.domain.control_change import ControlChange, control_scope, impose, lift, read_control
from cio_strategist.domain.stored import StoredPolicy
from cio_strategist.errors import RefusedError, UsageError
from petrosa_contracts import ControlEntry, Mode, Scope

NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)
BTC = Scope.of_symbol("BTCUSDT")


def entry(mode: Mode = Mode.HALTED, *, reason: str = "storm", expires_at: datetime | None = None) -> str:
    return ControlEntry(mode=mode, reason=reason, set_by="bob", set_at=NOW, expires_at=expires_at).model_dump_json()


def stored_with(**control: str) -> StoredPolicy:
    return StoredPolicy(epoch=4, control=control)


def put(stored: StoredPolicy, mode: Mode = Mode.HALTED, **options: Any) -> ControlChange:
    return impose(stored, **{"scope": BTC, "mode": mode, "reason": "why", "by": "anna", "now": NOW, **options})


def test_an_entry_is_written_in_the_form_the_gate_reads() -> None:
    result = put(StoredPolicy(epoch=4), Mode.SAFE, lasting=timedelta(hours=2))
    assert result.write is not None
    assert json.loads(result.write.control["symbol:BTCUSDT"] or "") == {
        "mode": "SAFE",
        "reason": "why",
        "set_by": "anna",
        "set_at": "2026-02-25T12:00:00Z",
        "expires_at": "2026-02-25T14:00:00Z",
    }


def test_without_a_duration_an_entry_has_no_end() -> None:
    result = put(StoredPolicy(epoch=4))
    assert result.write is not None
    assert json.loads(result.write.control["symbol:BTCUSDT"] or "")["expires_at"] is None


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_reason_is_needed(reason: str) -> None:
    with pytest.raises(UsageError, match="reason"):
        put(StoredPolicy(), reason=reason)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("symbol_side:BTCUSDT:LONG", "one side of a symbol cannot be halted.*enable_longs=false"),
        ("symbol_side:BTCUSDT:SHORT", "enable_shorts=false"),
        ("strategy:", "is not a scope"),
        ("everything", "is not a scope"),
    ],
)
def test_only_global_symbols_and_strategies_can_be_controlled(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        control_scope(text)


def test_an_entry_replaces_other_spellings_of_its_symbol() -> None:
    stored = stored_with(**{"symbol:btcusdt": entry(), "symbol:BTCUSDT": entry(), "global": entry()})
    result = put(stored, Mode.SAFE)
    assert result.write is not None
    assert set(result.write.control) == {"symbol:btcusdt", "symbol:BTCUSDT"}
    assert result.write.control["symbol:btcusdt"] is None
    assert {control.field for control in result.before} == {"symbol:btcusdt", "symbol:BTCUSDT"}


def test_a_frozen_in_force_is_not_loosened_by_a_halt() -> None:
    with pytest.raises(RefusedError, match="FROZEN"):
        put(stored_with(**{"symbol:BTCUSDT": entry(Mode.FROZEN)}))


def test_a_frozen_that_has_expired_is_replaced() -> None:
    assert put(stored_with(**{"symbol:BTCUSDT": entry(Mode.FROZEN, expires_at=NOW)})).write is not None


def test_a_frozen_is_lifted_only_when_told_so() -> None:
    stored = stored_with(**{"global": entry(Mode.FROZEN)})
    with pytest.raises(RefusedError, match="--yes"):
        lift(stored, name="global", now=NOW)
    assert lift(stored, name="global", now=NOW, even_frozen=True).write is not None


def test_lifting_removes_every_spelling() -> None:
    stored = stored_with(**{"symbol:btcusdt": entry(), "symbol:BTCUSDT": entry(), "strategy:a": entry()})
    result = lift(stored, name="symbol:BTCUSDT", now=NOW)
    assert result.write is not None
    assert result.write.control == {"symbol:btcusdt": None, "symbol:BTCUSDT": None}
    assert result.remaining is None


def test_lifting_nothing_writes_nothing() -> None:
    assert lift(StoredPolicy(epoch=4), name="global", now=NOW).write is None


def test_lifting_says_what_a_wider_scope_still_restricts() -> None:
    stored = stored_with(**{"global": entry(Mode.SAFE, reason="calmer"), "symbol:BTCUSDT": entry()})
    remaining = lift(stored, name="symbol:BTCUSDT", now=NOW).remaining
    assert remaining is not None
    assert (remaining.scope, remaining.entry.mode, remaining.entry.reason) == ("global", Mode.SAFE, "calmer")


def test_lifting_says_nothing_of_entries_without_effect() -> None:
    stored = stored_with(
        **{"global": entry(expires_at=NOW), "symbol:BTCUSDT": entry(Mode.ACTIVE), "strategy:a": entry()}
    )
    assert lift(stored, name="strategy:a", now=NOW).remaining is None


@pytest.mark.parametrize(("field", "halts"), [("junk", "global"), ("symbol_side:BTCUSDT:LONG", "symbol:BTCUSDT")])
def test_a_field_that_is_no_control_scope_halts_and_is_lifted_by_its_own_name(field: str, halts: str) -> None:
    stored = stored_with(**{field: entry()})
    (control,) = read_control(stored)
    assert (control.scope, control.entry.mode, control.unreadable) == (halts, Mode.HALTED, True)
    kept = lift(stored, name=halts, now=NOW)
    assert kept.write is None
    assert kept.remaining is not None
    result = lift(stored, name=field, now=NOW)
    assert result.write is not None
    assert result.write.control == {field: None}
    assert result.remaining is None


def test_an_unreadable_entry_can_be_replaced_and_lifted() -> None:
    stored = stored_with(**{"symbol:BTCUSDT": "{"})
    assert put(stored).write is not None
    assert lift(stored, name="symbol:BTCUSDT", now=NOW).write is not None


def test_text_that_is_no_utf8_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        put(StoredPolicy(), reason="\udcff")
