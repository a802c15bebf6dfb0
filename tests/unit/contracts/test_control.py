import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrosa_contracts import ControlEntry, ControlState, Mode, ScopedControl, strictest
from tests.policies import JSON_VALUES

NOW = datetime(2026, 2, 25, 12, 0, tzinfo=UTC)
KEYS = st.sampled_from(
    ["global", "symbol:BTCUSDT", "symbol:btcusdt", "symbol:ETHUSDT", "strategy:momentum_v1", "strategy:b"]
)
MODES = st.sampled_from(Mode)
EXPIRIES = st.none() | st.integers(-2, 2).map(lambda seconds: NOW + timedelta(seconds=seconds))
ENTRIES = st.builds(ControlEntry, mode=MODES, expires_at=EXPIRIES)
ALMOST_ENTRIES = st.fixed_dictionaries({}, optional={"mode": MODES | JSON_VALUES, "expires_at": JSON_VALUES})


def _stored(mode: str = "HALTED", **fields: Any) -> str:
    return json.dumps({"mode": mode, "reason": "test", "set_by": "ana", "set_at": None, "expires_at": None} | fields)


def _deciding(
    state: ControlState, *, symbol: str = "BTCUSDT", strategy_id: str = "momentum_v1"
) -> ScopedControl | None:
    return state.deciding(symbol=symbol, strategy_id=strategy_id, now=NOW)


def _mode(state: ControlState, **scopes: str) -> Mode:
    control = _deciding(state, **scopes)
    return Mode.ACTIVE if control is None else control.entry.mode


@given(
    st.dictionaries(
        st.text() | KEYS, st.binary() | st.text() | JSON_VALUES.map(json.dumps) | ALMOST_ENTRIES.map(json.dumps)
    )
)
def test_reading_takes_any_bytes_and_halts_for_each_entry_that_it_cannot_read(stored: dict[str, str | bytes]) -> None:
    state = ControlState.read(stored)
    assert set(state.unreadable) <= set(stored)
    assert sum(len(entries) for entries in state.entries.values()) == len(stored)
    halts = [entry for entries in state.entries.values() for entry in entries if "cannot be read" in entry.reason]
    assert len(halts) == len(state.unreadable)
    assert all(halt.mode is Mode.HALTED and halt.expires_at is None for halt in halts)


@given(st.dictionaries(KEYS, ENTRIES))
def test_the_strictest_entry_in_force_decides(entries: dict[str, ControlEntry]) -> None:
    state = ControlState.read({key: entry.model_dump_json() for key, entry in entries.items()})
    touched = {"global", "symbol:BTCUSDT", "symbol:btcusdt", "strategy:momentum_v1"}
    in_force = [entry for key, entry in entries.items() if key in touched and entry.in_force(NOW)]
    control = _deciding(state)
    if not in_force:
        assert control is None
    else:
        assert control is not None
        assert control.entry in in_force
        assert control.entry.mode.strictness == max(entry.mode.strictness for entry in in_force)
        assert control.scope in {"global", "symbol:BTCUSDT", "strategy:momentum_v1"}


@given(st.dictionaries(KEYS, ENTRIES), KEYS, ENTRIES)
def test_another_entry_never_makes_the_gate_laxer(
    entries: dict[str, ControlEntry], key: str, more: ControlEntry
) -> None:
    before = ControlState({key: (entry,) for key, entry in entries.items()})
    after = ControlState({**before.entries, key: (*before.entries.get(key, ()), more)})
    assert _mode(after).strictness >= _mode(before).strictness


@given(MODES, MODES, MODES)
def test_strictest_is_an_upper_bound_in_whatever_order(first: Mode, second: Mode, third: Mode) -> None:
    assert strictest(first, second) is strictest(second, first)
    assert strictest(first, second).strictness >= first.strictness
    assert strictest(strictest(first, second), third) is strictest(first, strictest(second, third))


def test_modes_run_from_the_laxest_to_the_strictest() -> None:
    by_strictness = sorted(Mode, key=lambda mode: mode.strictness)
    assert by_strictness == ["ACTIVE", "SAFE", "CONSERVATIVE", "HALTED", "BLIND", "FROZEN"]


def test_each_mode_beyond_active_either_restricts_or_only_reduces() -> None:
    assert {mode for mode in Mode if mode.is_restricted} == {"SAFE", "CONSERVATIVE"}
    assert {mode for mode in Mode if mode.only_reduces} == {"HALTED", "BLIND", "FROZEN"}


def test_nothing_decides_where_nothing_is_set() -> None:
    assert _deciding(ControlState()) is None
    assert _deciding(ControlState.read({"symbol:ETHUSDT": _stored()})) is None


def test_an_entry_holds_until_just_before_its_expiry() -> None:
    entry = ControlEntry(mode=Mode.HALTED, expires_at=NOW)
    assert entry.in_force(NOW - timedelta(microseconds=1))
    assert not entry.in_force(NOW)


def test_an_entry_without_expiry_stays() -> None:
    assert ControlEntry(mode=Mode.HALTED).in_force(datetime.max.replace(tzinfo=UTC))


def test_an_expired_halt_gives_way_to_a_laxer_mode_in_force() -> None:
    state = ControlState.read(
        {"global": _stored("FROZEN", expires_at=NOW.isoformat()), "symbol:BTCUSDT": _stored("SAFE")}
    )
    assert _mode(state) is Mode.SAFE


def test_of_equally_strict_entries_the_widest_scope_is_named() -> None:
    state = ControlState.read({"strategy:momentum_v1": _stored(), "symbol:BTCUSDT": _stored(), "global": _stored()})
    control = _deciding(state)
    assert control is not None
    assert control.scope == "global"


def test_a_symbol_stored_in_two_spellings_is_halted_by_the_stricter() -> None:
    state = ControlState.read({"symbol:btcusdt": _stored("FROZEN"), "symbol:BTCUSDT": _stored("SAFE")})
    assert _mode(state) is Mode.FROZEN


def test_a_field_that_names_no_scope_halts_everything() -> None:
    state = ControlState.read({"BTCUSDT": _stored("SAFE")})
    assert _mode(state, symbol="ETHUSDT") is Mode.HALTED
    assert state.unreadable == ("BTCUSDT",)


def test_an_unreadable_entry_halts_its_own_scope_only() -> None:
    state = ControlState.read({"symbol:BTCUSDT": b"\xff"})
    assert _mode(state) is Mode.HALTED
    assert _mode(state, symbol="ETHUSDT") is Mode.ACTIVE


def test_together_the_stricter_of_two_states_holds_in_every_scope() -> None:
    known = ControlState.read({"global": _stored("SAFE"), "symbol:BTCUSDT": _stored("HALTED")})
    found = ControlState.read({"global": _stored("FROZEN"), "symbol:BTCUSDT": _stored("SAFE"), "symbol:ETHUSDT": b"{"})
    both = known.together_with(found)
    modes = {scope: entry.mode for scope, entry in both.in_force(NOW).items()}
    assert modes == {"global": Mode.FROZEN, "symbol:BTCUSDT": Mode.HALTED, "symbol:ETHUSDT": Mode.HALTED}
    assert both.unreadable == ("symbol:ETHUSDT",)
    assert both.together_with(found) == both


def test_an_entry_for_one_side_halts_both_because_a_mode_knows_no_sides() -> None:
    state = ControlState.read({"symbol_side:BTCUSDT:LONG": _stored("SAFE")})
    assert _mode(state) is Mode.HALTED
    assert state.unreadable == ("symbol_side:BTCUSDT:LONG",)


@pytest.mark.parametrize("expiry", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"])
def test_an_expiry_beyond_all_years_halts_instead_of_breaking_the_reader(expiry: str) -> None:
    state = ControlState.read({"global": _stored("SAFE", expires_at=expiry)})
    assert _mode(state) is Mode.HALTED


def test_the_stored_form_of_the_operators_tools_is_read() -> None:
    state = ControlState.read(
        {
            "global": b'{"mode": "SAFE", "reason": "news", "set_by": "ana", "set_at": "2026-02-25T11:00:00+00:00",'
            b' "expires_at": "2026-02-25T13:00:00"}'
        }
    )
    control = _deciding(state)
    assert control is not None
    assert (control.entry.reason, control.entry.set_by) == ("news", "ana")
    assert control.entry.expires_at == NOW + timedelta(hours=1)
