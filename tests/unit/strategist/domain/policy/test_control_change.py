"""Imposing and lifting modes."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from cio_strategist.domain.access.caller import operator_at_the_console
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.policy.control_change import (
    ControlChange,
    ControlOrder,
    control_scope,
    decide_control,
    is_laxer,
    read_control,
)
from cio_strategist.domain.policy.outcome import OutcomeStatus
from cio_strategist.domain.policy.stored import StoredPolicy
from cio_strategist.errors import UsageError
from petrosa_contracts import ControlEntry, Mode, Scope

NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)
BTC = Scope.of_symbol("BTCUSDT")


def entry(mode: Mode = Mode.HALTED, *, reason: str = "storm", expires_at: datetime | None = None) -> str:
    return ControlEntry(mode=mode, reason=reason, set_by="bob", set_at=NOW, expires_at=expires_at).model_dump_json()


def stored_with(**control: str) -> StoredPolicy:
    return StoredPolicy(epoch=4, control=control)


def put(
    stored: StoredPolicy, mode: Mode = Mode.HALTED, *, reason: str = "why", lasting: timedelta | None = None
) -> ControlChange:
    request = ChangeRequest(operator_at_the_console("anna"), reason=reason)
    return decide_control(stored, ControlOrder(BTC.key, mode, request, NOW, "id-1", lasting))


def lift(stored: StoredPolicy, *, name: str) -> ControlChange:
    request = ChangeRequest(operator_at_the_console("anna"))
    return decide_control(stored, ControlOrder(name, Mode.ACTIVE, request, NOW, "id-1"))


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


@pytest.mark.parametrize(
    ("before", "after", "laxer"),
    [
        (("HALTED", None), ("FROZEN", None), False),
        (("HALTED", None), ("HALTED", None), False),
        (("HALTED", 1), ("HALTED", 2), False),
        (("HALTED", 1), ("HALTED", None), False),
        (("SAFE", 1), ("HALTED", 1), False),
        (("HALTED", None), ("SAFE", None), True),
        (("HALTED", 2), ("HALTED", 1), True),
        (("SAFE", None), ("HALTED", 1), True),
        (("HALTED", None), None, True),
        (("ACTIVE", None), None, False),
    ],
)
def test_what_lets_more_pass_at_any_time_is_laxer(
    before: tuple[str, int | None], after: tuple[str, int | None] | None, laxer: bool
) -> None:
    def made(mode: str, hours: int | None) -> ControlEntry:
        end = None if hours is None else NOW + timedelta(hours=hours)
        return ControlEntry(mode=Mode(mode), reason="storm", set_at=NOW, expires_at=end)

    assert is_laxer(made(*before), None if after is None else made(*after)) is laxer


def test_a_halt_in_place_of_a_frozen_is_laxer_while_that_is_in_force() -> None:
    assert put(stored_with(**{"symbol:BTCUSDT": entry(Mode.FROZEN)})).laxer
    expired = put(stored_with(**{"symbol:BTCUSDT": entry(Mode.FROZEN, expires_at=NOW)}))
    assert not expired.laxer
    assert not expired.is_frozen
    assert expired.write is not None


def test_lifting_a_frozen_says_that_it_is_one() -> None:
    lifted = lift(stored_with(**{"global": entry(Mode.FROZEN)}), name="global")
    assert lifted.is_frozen
    assert lifted.laxer


@pytest.mark.parametrize("mode", [Mode.CONSERVATIVE, Mode.BLIND])
def test_modes_that_the_gate_enters_by_itself_cannot_be_set(mode: Mode) -> None:
    with pytest.raises(UsageError, match="cannot be set"):
        put(StoredPolicy(), mode)


def test_every_change_of_control_has_a_record_of_the_state_before_and_after() -> None:
    result = put(stored_with(**{"symbol:BTCUSDT": entry(Mode.SAFE)}))
    assert result.write is not None
    record = result.write.audit
    assert record is not None
    assert (record.subject, record.scope, record.action, record.edit) == (
        "control",
        "symbol:BTCUSDT",
        "update",
        "impose",
    )
    assert record.before is not None
    assert record.after is not None
    assert (record.before["mode"], record.after["mode"], record.changed_by) == ("SAFE", "HALTED", "anna")
    assert result.outcome.status is OutcomeStatus.APPLIED


def test_lifting_removes_every_spelling() -> None:
    stored = stored_with(**{"symbol:btcusdt": entry(), "symbol:BTCUSDT": entry(), "strategy:a": entry()})
    result = lift(stored, name="symbol:BTCUSDT")
    assert result.write is not None
    assert result.write.control == {"symbol:btcusdt": None, "symbol:BTCUSDT": None}
    assert result.outcome.still is None


def test_lifting_nothing_writes_nothing() -> None:
    assert lift(StoredPolicy(epoch=4), name="global").write is None


def test_lifting_says_what_a_wider_scope_still_restricts() -> None:
    stored = stored_with(**{"global": entry(Mode.SAFE, reason="calmer"), "symbol:BTCUSDT": entry()})
    still = lift(stored, name="symbol:BTCUSDT").outcome.still
    assert still == "symbol:BTCUSDT is still SAFE by what is set for global: calmer"


def test_lifting_says_nothing_of_entries_without_effect() -> None:
    stored = stored_with(
        **{"global": entry(expires_at=NOW), "symbol:BTCUSDT": entry(Mode.ACTIVE), "strategy:a": entry()}
    )
    assert lift(stored, name="strategy:a").outcome.still is None


@pytest.mark.parametrize(("field", "halts"), [("junk", "global"), ("symbol_side:BTCUSDT:LONG", "symbol:BTCUSDT")])
def test_a_field_that_is_no_control_scope_halts_and_is_lifted_by_its_own_name(field: str, halts: str) -> None:
    stored = stored_with(**{field: entry()})
    (control,) = read_control(stored)
    assert (control.scope, control.entry.mode, control.unreadable) == (halts, Mode.HALTED, True)
    kept = lift(stored, name=halts)
    assert kept.write is None
    assert kept.outcome.still is not None
    result = lift(stored, name=field)
    assert result.write is not None
    assert result.write.control == {field: None}
    assert result.outcome.still is None


def test_an_unreadable_entry_can_be_replaced_and_lifted() -> None:
    stored = stored_with(**{"symbol:BTCUSDT": "{"})
    assert put(stored).write is not None
    assert lift(stored, name="symbol:BTCUSDT").write is not None


def test_text_that_is_no_utf8_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        put(StoredPolicy(), reason="\udcff")
