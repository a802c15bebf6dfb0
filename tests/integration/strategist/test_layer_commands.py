"""show, resolve, set, unset, clear and init on a real Redis."""

import json
from datetime import UTC, datetime

import pytest
from redis import Redis

from petrosa_contracts import CATALOGUE, PolicySnapshot
from tests.integration.command_line import CommandLine

pytestmark = pytest.mark.servers


def gate_sees(redis: Redis) -> PolicySnapshot:
    epoch = redis.get("cio:policy:epoch")
    assert epoch is not None
    return PolicySnapshot.read(int(epoch), redis.hgetall("cio:policy"), as_of=datetime.now(UTC))


def put(redis: Redis, field: str, version: int = 1, **parameters: object) -> None:
    redis.hset("cio:policy", field, json.dumps({"scope": field, "version": version, "parameters": parameters}))


def test_init_makes_an_empty_policy_valid_once(cli: CommandLine, redis: Redis) -> None:
    assert "epoch 1" in cli.done("init")
    assert gate_sees(redis).epoch == 1
    assert "epoch 1" in cli.done("init")
    assert redis.get("cio:policy:epoch") == "1"
    assert redis.hgetall("cio:policy") == {}


def test_init_names_a_layer_that_the_gate_will_not_believe(cli: CommandLine, redis: Redis) -> None:
    redis.hset("cio:policy", "junk", "{")
    result = cli.run("init")
    assert result.exit_code == 0
    assert "the gate will not believe this policy" in result.stderr
    assert "junk" in result.stderr


def test_set_writes_exactly_the_agreed_form(cli: CommandLine, redis: Redis) -> None:
    cli.done("set", "symbol:btcusdt", "leverage=5", "allowed_symbols=BTCUSDT,ETHUSDT")
    layer = json.loads(redis.hget("cio:policy", "symbol:BTCUSDT") or "")
    assert set(layer) == {"scope", "version", "parameters", "updated_at", "updated_by"}
    assert layer["scope"] == "symbol:BTCUSDT"
    assert layer["version"] == 1
    assert layer["parameters"] == {"leverage": 5, "allowed_symbols": ["BTCUSDT", "ETHUSDT"]}
    assert datetime.fromisoformat(layer["updated_at"]).tzinfo is not None
    assert layer["updated_by"] == "anna"
    assert redis.get("cio:policy:epoch") == "1"
    assert gate_sees(redis).layers["symbol:BTCUSDT"].parameters == layer["parameters"]


def test_set_shows_old_and_new_version_and_epoch(cli: CommandLine) -> None:
    first = cli.done("set", "global", "leverage=5", "margin_type=cross", "--by", "bob")
    assert first.splitlines() == [
        "global",
        "  leverage: not set -> 5",
        "  margin_type: not set -> cross",
        "version 1, epoch 1",
        "this is the first write: the gate has a policy now and leaves BLIND",
    ]
    second = cli.done("set", "global", "leverage=4")
    assert second.splitlines() == ["global", "  leverage: 5 -> 4", "version 2, epoch 2"]
    assert cli.as_json("show")["layers"]["global"]["parameters"] == {"leverage": 4, "margin_type": "cross"}


def test_set_replace_makes_the_whole_layer(cli: CommandLine) -> None:
    cli.done("set", "global", "leverage=5", "margin_type=cross")
    assert "  margin_type: cross -> not set" in cli.done("set", "global", "leverage=5", "--replace")
    assert cli.as_json("show")["layers"]["global"]["parameters"] == {"leverage": 5}


def test_a_set_that_changes_nothing_writes_nothing(cli: CommandLine, redis: Redis) -> None:
    cli.done("set", "global", "leverage=5")
    before = redis.hgetall("cio:policy")
    assert "nothing written (version 1)" in cli.done("set", "global", "leverage=5", "--by", "bob")
    assert redis.hgetall("cio:policy") == before
    assert redis.get("cio:policy:epoch") == "1"


def test_every_error_is_told_and_nothing_is_written(cli: CommandLine, redis: Redis) -> None:
    words = ["leverage=ten", "stop_loss_pct=0.02", "levrage=4", "enabled=true"]
    lines = cli.refused("set", "global", *words).splitlines()
    assert [line.split(": ")[:2] for line in lines[:3]] == [
        ["leverage", "INVALID_TYPE"],
        ["stop_loss_pct", "OUT_OF_RANGE"],
        ["levrage", "UNKNOWN_PARAMETER"],
    ]
    assert lines[1].endswith("(suggested: 2.0)")
    assert lines[2].endswith("(suggested: leverage)")
    assert lines[3] == "nothing was written"
    assert redis.keys() == []


@pytest.mark.parametrize(
    "words",
    [
        ("set", "nowhere", "leverage=5"),
        ("set", "symbol_side:BTCUSDT:UP", "leverage=5"),
        ("set", "global", "leverage"),
        ("set", "global", "leverage="),
        ("set", "global", "leverage=5", "--by", " "),
        ("unset", "nowhere", "leverage"),
        ("clear", "nowhere"),
        ("show", "nowhere"),
        ("resolve", "--side", "LONG"),
        ("resolve", "--symbol", "BTC USDT"),
        ("resolve", "--strategy", " "),
        ("halt", "nowhere", "--reason", "x"),
        ("halt", "symbol_side:BTCUSDT:LONG", "--reason", "x"),
        ("halt", "global", "--reason", " "),
        ("halt", "global", "--reason", "x", "--for", "soon"),
        ("resume", "nowhere"),
    ],
)
def test_wrong_usage_is_one_sentence(cli: CommandLine, redis: Redis, words: tuple[str, ...]) -> None:
    error = cli.refused(*words, code=2)
    assert error.startswith("wrong usage: ")
    assert error.count("\n") == 1
    assert redis.keys() == []


@pytest.mark.parametrize(
    "words",
    [
        ("set", "global"),
        ("set",),
        ("set", "global", "leverage=5", "--expect-version", "-1"),
        ("halt", "global"),
        ("halt", "--reason", "x"),
        ("resolve", "--side", "UP"),
        ("show", "--colour"),
        ("freeze", "global"),
    ],
)
def test_a_command_line_that_does_not_exist_is_wrong_usage(cli: CommandLine, words: tuple[str, ...]) -> None:
    assert "Usage:" in cli.refused(*words, code=2)


def test_a_set_that_expects_another_version_conflicts(cli: CommandLine) -> None:
    cli.done("set", "global", "leverage=5", "--expect-version", "0")
    cli.done("set", "global", "leverage=4", "--expect-version", "1")
    assert "global is at version 2, not 1" in cli.refused("set", "global", "leverage=3", "--expect-version", "1")
    assert cli.as_json("show")["layers"]["global"]["parameters"] == {"leverage": 4}


def test_unset_gives_the_word_back_to_wider_scopes(cli: CommandLine) -> None:
    cli.done("set", "global", "leverage=5")
    cli.done("set", "symbol:BTCUSDT", "leverage=3", "enabled=true")
    cli.done("unset", "symbol:BTCUSDT", "leverage")
    resolved = cli.as_json("resolve", "--symbol", "BTCUSDT")["parameters"]
    assert resolved["leverage"] == {"value": 5, "scope": "global", "version": 1}
    assert resolved["enabled"] == {"value": True, "scope": "symbol:BTCUSDT", "version": 2}
    assert "nothing written" in cli.done("unset", "symbol:BTCUSDT", "leverage")


def test_unset_refuses_a_name_that_no_parameter_has(cli: CommandLine) -> None:
    assert "did you mean leverage?" in cli.refused("unset", "global", "levrage")


def test_clear_is_repeatable_and_versions_go_on_after_it(cli: CommandLine, redis: Redis) -> None:
    cli.done("set", "symbol:BTCUSDT", "leverage=5")
    cli.done("set", "symbol:BTCUSDT", "leverage=4")
    assert "version 3, epoch 3" in cli.done("clear", "symbol:BTCUSDT")
    assert redis.hgetall("cio:policy") == {}
    assert redis.get("cio:policy:epoch") == "3"
    assert "nothing written" in cli.done("clear", "symbol:BTCUSDT")
    assert redis.get("cio:policy:epoch") == "3"
    assert "version 4, epoch 4" in cli.done("set", "symbol:BTCUSDT", "leverage=4")


def test_clearing_global_asks_first(cli: CommandLine, redis: Redis) -> None:
    cli.done("set", "global", "leverage=5")
    assert cli.run("clear", "global", answer="n\n").exit_code == 1
    assert cli.run("clear", "global").exit_code == 1
    assert redis.hexists("cio:policy", "global")
    assert cli.run("clear", "global", answer="y\n").exit_code == 0
    assert not redis.hexists("cio:policy", "global")
    cli.done("clear", "global", "--yes")


def test_resolve_names_the_scope_and_version_of_every_value(cli: CommandLine) -> None:
    cli.done("set", "global", "leverage=5", "max_retries=1", "max_daily_trades=9", "margin_type=cross")
    cli.done("set", "symbol:BTCUSDT", "leverage=4", "max_retries=2", "max_daily_trades=8")
    cli.done("set", "strategy:my bot", "leverage=3", "max_retries=3")
    cli.done("set", "symbol_side:BTCUSDT:LONG", "leverage=2")
    words = ("resolve", "--symbol", "btcusdt", "--strategy", "my bot", "--side", "long")
    resolved = cli.as_json(*words)
    assert (resolved["epoch"], resolved["symbol"], resolved["side"]) == (4, "BTCUSDT", "LONG")
    assert list(resolved["parameters"]) == list(CATALOGUE)
    by_name = {name: (item["value"], item["scope"]) for name, item in resolved["parameters"].items()}
    assert by_name["leverage"] == (2, "symbol_side:BTCUSDT:LONG")
    assert by_name["max_retries"] == (3, "strategy:my bot")
    assert by_name["max_daily_trades"] == (8, "symbol:BTCUSDT")
    assert by_name["margin_type"] == ("cross", "global")
    assert by_name["enabled"] == (True, "defaults")
    assert len(cli.done(*words).splitlines()) == 1 + len(CATALOGUE)
    assert len(cli.done(*words, "--only-set").splitlines()) == 1 + 4


@pytest.mark.parametrize("command", ["resolve", "show", "status"])
def test_before_any_policy_it_is_said_that_the_gate_is_blind(cli: CommandLine, command: str) -> None:
    result = cli.run(command)
    assert result.exit_code == 0
    assert "BLIND" in result.stderr


def test_resolve_names_stored_parameters_without_effect(cli: CommandLine, redis: Redis) -> None:
    cli.done("init")
    put(redis, "global", foreign=1)
    result = cli.run("resolve")
    assert result.exit_code == 0
    assert "global/foreign" in result.stderr
    assert "foreign" not in result.stdout


def test_show_lists_what_each_scope_sets_and_who_set_it(cli: CommandLine) -> None:
    cli.done("set", "strategy:a", "leverage=4", "--by", "bob")
    cli.done("set", "global", "leverage=5", "enabled=true")
    rows = [line.split() for line in cli.done("show").splitlines()]
    assert [[row[0], row[1], row[-3], row[-2], row[-1]] for row in rows[1:-1]] == [
        ["global", "1", "anna", "leverage", "5"],
        ["global", "1", "anna", "enabled", "true"],
        ["strategy:a", "1", "bob", "leverage", "4"],
    ]
    assert rows[-1] == ["epoch", "2"]
    assert "global" not in cli.done("show", "strategy:a")
    assert "symbol:ETHUSDT sets nothing" in cli.done("show", "symbol:ethusdt")


@pytest.mark.parametrize("text", ["{", "[]", '{"scope": "symbol:BTCUSDT", "version": 4}', b"\xff"])
def test_an_unreadable_layer_is_shown_and_can_be_cleared_or_replaced(
    cli: CommandLine, redis: Redis, text: str | bytes
) -> None:
    cli.done("init")
    redis.hset("cio:policy", "symbol:BTCUSDT", text)
    assert "UNREADABLE" in cli.done("show")
    assert "symbol:BTCUSDT" in cli.as_json("show")["unreadable"]
    assert "cannot be read" in cli.refused("resolve")
    assert "cannot be read" in cli.refused("set", "symbol:BTCUSDT", "leverage=5")
    cli.done("set", "symbol:BTCUSDT", "leverage=5", "--replace")
    assert gate_sees(redis).layers["symbol:BTCUSDT"].parameters == {"leverage": 5}
    redis.hset("cio:policy", "symbol:BTCUSDT", text)
    cli.done("clear", "symbol:BTCUSDT")
    assert gate_sees(redis).layers == {}


@pytest.mark.parametrize("field", ["junk", "symbol:btcusdt", "strategy:e\x1b[31m:\n", "\udcff"])
def test_a_field_that_is_no_scopes_name_can_be_cleared(cli: CommandLine, redis: Redis, field: str) -> None:
    cli.done("init")
    redis.hset("cio:policy", field.encode("utf-8", "surrogateescape"), "{")
    shown = cli.done("show")
    assert "UNREADABLE" in shown
    assert "\x1b" not in shown
    cli.done("clear", field)
    assert redis.hlen("cio:policy") == 0
    assert redis.get("cio:policy:epoch") == "2"


def test_a_version_set_by_another_tool_is_counted_on(cli: CommandLine, redis: Redis) -> None:
    cli.done("set", "global", "leverage=5")
    put(redis, "global", 41, leverage=6)
    assert "version 42" in cli.done("set", "global", "leverage=7")


@pytest.mark.parametrize("epoch", ["banana", "-1", "1.5", "9" * 30, ""])
def test_an_epoch_that_is_no_count_stops_every_write(cli: CommandLine, redis: Redis, epoch: str) -> None:
    redis.set("cio:policy:epoch", epoch)
    for words in (["set", "global", "leverage=5"], ["init"], ["halt", "global", "--reason", "x"]):
        assert "cio:policy:epoch" in cli.refused(*words)
    assert redis.keys() == ["cio:policy:epoch"]


@pytest.mark.parametrize("key", ["cio:policy", "cio:control", "cio:policy:versions", "cio:policy:epoch"])
def test_a_key_of_another_kind_stops_every_write(cli: CommandLine, redis: Redis, key: str) -> None:
    redis.rpush(key, "x")
    assert key in cli.refused("set", "global", "leverage=5")
    assert key in cli.refused("halt", "global", "--reason", "x")
    assert redis.keys() == [key]
