"""halt, safe, resume and status on a real Redis."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from petrosa_contracts import ControlState, Mode
from tests.integration.command_line import CommandLine

pytestmark = pytest.mark.servers


def gate_mode(redis: Redis, *, symbol: str | None = None) -> Mode:
    state = ControlState.read(redis.hgetall("cio:control"))
    deciding = state.deciding(symbol=symbol, strategy_id=None, now=datetime.now(UTC))
    return Mode.ACTIVE if deciding is None else deciding.entry.mode


def test_halt_writes_exactly_the_agreed_form(cli: CommandLine, redis: Redis) -> None:
    cli.done("init")
    cli.done("halt", "symbol:btcusdt", "--reason", "price feed broken")
    entry = json.loads(redis.hget("cio:control", "symbol:BTCUSDT") or "")
    assert set(entry) == {"mode", "reason", "set_by", "set_at", "expires_at"}
    assert (entry["mode"], entry["reason"], entry["set_by"]) == ("HALTED", "price feed broken", "anna")
    assert entry["expires_at"] is None
    assert gate_mode(redis, symbol="BTCUSDT") is Mode.HALTED
    assert gate_mode(redis, symbol="ETHUSDT") is Mode.ACTIVE
    assert redis.get("cio:policy:epoch") == "2"


def test_a_halt_for_a_time_ends_by_itself(cli: CommandLine, redis: Redis) -> None:
    cli.done("safe", "strategy:my bot", "--reason", "new", "--for", "1h30m", "--by", "bob")
    entry = json.loads(redis.hget("cio:control", "strategy:my bot") or "")
    begin, end = (datetime.fromisoformat(entry[name]) for name in ("set_at", "expires_at"))
    assert end - begin == timedelta(minutes=90)
    assert (entry["mode"], entry["set_by"]) == ("SAFE", "bob")


def test_resume_lifts_and_is_repeatable(cli: CommandLine, redis: Redis) -> None:
    cli.done("init")
    cli.done("halt", "global", "--reason", "storm")
    assert "HALTED lifted (storm)" in cli.done("resume", "global")
    assert redis.hgetall("cio:control") == {}
    assert redis.get("cio:policy:epoch") == "3"
    assert "nothing written" in cli.done("resume", "global")
    assert redis.get("cio:policy:epoch") == "3"


def test_resume_says_when_a_wider_scope_still_restricts(cli: CommandLine) -> None:
    cli.done("safe", "global", "--reason", "calmer")
    cli.done("halt", "strategy:a", "--reason", "bad")
    result = cli.run("resume", "strategy:a")
    assert result.exit_code == 0
    assert "strategy:a is still SAFE by what is set for global: calmer" in result.stderr


def test_a_halt_replaces_what_was_set(cli: CommandLine, redis: Redis) -> None:
    cli.done("halt", "global", "--reason", "storm")
    assert "replaces HALTED (storm)" in cli.done("safe", "global", "--reason", "calmer")
    assert gate_mode(redis) is Mode.SAFE


def test_halting_and_resuming_before_any_policy_start_none_and_say_so(cli: CommandLine, redis: Redis) -> None:
    halted = cli.run("halt", "symbol:BTCUSDT", "--reason", "x")
    assert (halted.exit_code, "holds no policy" in halted.stderr) == (0, True)
    assert gate_mode(redis, symbol="BTCUSDT") is Mode.HALTED
    cli.done("resume", "symbol:BTCUSDT")
    assert gate_mode(redis, symbol="BTCUSDT") is Mode.ACTIVE
    assert redis.get("cio:policy:epoch") is None


def test_without_the_authority_a_frozen_is_neither_set_nor_replaced_nor_lifted(cli: CommandLine, redis: Redis) -> None:
    assert "MONGODB_URI" in cli.refused("freeze", "global", "--reason", "x", "--code", "123456")
    assert redis.hlen("cio:control") == 0
    redis.hset("cio:control", "global", '{"mode": "FROZEN", "reason": "breach"}')
    assert "FROZEN" in cli.refused("halt", "global", "--reason", "x")
    assert "MONGODB_URI" in cli.refused("resume", "global", "--code", "123456")
    assert gate_mode(redis) is Mode.FROZEN


def test_status_shows_entries_in_force_expired_and_unreadable(cli: CommandLine, redis: Redis) -> None:
    cli.done("init")
    cli.done("halt", "global", "--reason", "storm \x1b[31m", "--for", "2h")
    redis.hset("cio:control", "strategy:a", '{"mode": "SAFE", "reason": "old", "expires_at": "2020-01-01T00:00:00Z"}')
    redis.hset("cio:control", "junk", "{")
    text = cli.done("status")
    assert "\x1b" not in text
    rows = text.splitlines()
    assert rows[1].startswith("global")
    assert "in force" in rows[1]
    assert "expired" in rows[2]
    assert "unreadable: halts global" in rows[3]
    assert rows[4] == "epoch 2"
    status = cli.as_json("status")
    assert status["epoch"] == 2
    assert [
        (entry["field"], entry["scope"], entry["in_force"], entry["unreadable"]) for entry in status["entries"]
    ] == [
        ("global", "global", True, False),
        ("strategy:a", "strategy:a", False, False),
        ("junk", "global", True, True),
    ]
    assert status["entries"][0]["mode"] == "HALTED"


def test_status_of_nothing_says_so(cli: CommandLine) -> None:
    cli.done("init")
    assert cli.done("status").splitlines() == ["nothing is halted or restricted by hand", "epoch 1"]


def test_an_unreadable_entry_is_lifted_by_its_own_name(cli: CommandLine, redis: Redis) -> None:
    redis.hset("cio:control", "symbol_side:BTCUSDT:LONG", "{}")
    assert gate_mode(redis, symbol="BTCUSDT") is Mode.HALTED
    cli.done("resume", "symbol_side:BTCUSDT:LONG")
    assert gate_mode(redis, symbol="BTCUSDT") is Mode.ACTIVE
