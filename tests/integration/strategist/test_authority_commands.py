"""`cio-policy` as the authority: history, rollback, proposals, tokens and the second factor, on real servers."""

import json
import time
from pathlib import Path

import pyotp
import pytest
from pymongo import MongoClient
from redis import Redis

from cio_strategist import policy_cli
from devstack import Mongo
from devstack import Redis as RedisServer
from petrosa_contracts import rediskeys
from tests.integration.command_line import CommandLine
from tests.integration.nurse.polling import eventually_blocking
from tests.primal import make_folder

pytestmark = pytest.mark.servers

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STEP_SECONDS = 30


@pytest.fixture
def authority(mongo_server: Mongo, redis_server: RedisServer, redis: Redis) -> CommandLine:
    with MongoClient(mongo_server.url) as client:
        client.drop_database("petrosa")
    return CommandLine(
        policy_cli.app,
        {
            "REDIS_URL": redis_server.url,
            "MONGODB_URI": mongo_server.url,
            "USER": "anna",
            "COLUMNS": "200",
            "STRATEGIST_TOTP_SECRET": SECRET,
        },
    )


def next_code(cli: CommandLine, *words: str) -> str:
    """Run a command with the code of now, or of the next step where that one was used already."""
    used = pyotp.TOTP(SECRET).at(time.time())
    result = cli.run(*words, "--code", used)
    if result.exit_code:
        result = cli.run(*words, "--code", pyotp.TOTP(SECRET).at(time.time() + STEP_SECONDS))
    assert result.exit_code == 0, result.output
    return result.stdout


def parameters(redis: Redis, scope: str) -> dict[str, object] | None:
    text = redis.hget("cio:policy", scope)
    return None if text is None else json.loads(text)["parameters"]


def test_what_is_beyond_a_primal_limit_is_refused_and_in_the_history(
    authority: CommandLine, redis: Redis, tmp_path: Path
) -> None:
    folder = make_folder(tmp_path)
    folder.sign("alice", "bob")
    authority.environment["STRATEGIST_PRIMAL_FILE"] = str(folder.limits)
    authority.done("set", "global", "leverage=20")
    told = authority.refused("set", "global", "leverage=21", "--reason", "more")
    assert "leverage: PRIMAL_LIMIT: leverage of 21 x is above 20 x, the primal limit leverage of revision 3" in told
    assert "the attempt is recorded as" in told
    newest, first = authority.as_json("history", "global")
    assert (newest["subject"], newest["caller"], newest["refused"][0]["limit"]) == ("refusal", "anna", "leverage")
    assert (first["version"], parameters(redis, "global")) == (1, {"leverage": 20})
    assert "refused: leverage 21 beyond leverage" in authority.done("history")
    folder.change("leverage = 20", "leverage = 125")
    assert "of the built-in tightest limits" in authority.refused("set", "global", "leverage=11")


def test_straight_on_redis_a_primal_limit_holds_too(cli: CommandLine, redis: Redis, tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    folder.sign("alice", "bob")
    cli.environment["STRATEGIST_PRIMAL_FILE"] = str(folder.limits)
    assert "PRIMAL_LIMIT" in cli.refused("set", "global", "max_position_size_usd=5001")
    assert redis.exists("cio:policy:epoch") == 0


def test_a_change_is_written_to_history_and_carried_on_to_the_gates(authority: CommandLine, redis: Redis) -> None:
    assert "version 1, epoch 1" in authority.done("set", "global", "leverage=5", "--reason", "calmer")
    authority.done("set", "global", "max_daily_trades=9")
    assert parameters(redis, "global") == {"leverage": 5, "max_daily_trades": 9}
    newest, first = authority.as_json("history", "global")
    assert (newest["version"], newest["before"], newest["after"]) == (
        2,
        {"leverage": 5},
        {"leverage": 5, "max_daily_trades": 9},
    )
    assert (first["reason"], first["changed_by"], first["before"]) == ("calmer", "anna", None)


def test_one_step_undoes(authority: CommandLine, redis: Redis) -> None:
    authority.done("set", "global", "leverage=5")
    authority.done("set", "global", "leverage=2")
    assert "leverage: 2 -> 5" in authority.done("rollback", "global")
    assert parameters(redis, "global") == {"leverage": 5}
    authority.done("rollback", "global", "--to", "0")
    assert parameters(redis, "global") is None
    assert "no version 9" in authority.refused("rollback", "global", "--to", "9")


def test_too_much_loosening_waits_for_an_approval(authority: CommandLine, redis: Redis) -> None:
    said = authority.refused("set", "global", "leverage=100")
    assert "nothing has changed yet" in said
    assert "cio-policy approve" in said
    assert parameters(redis, "global") is None
    (proposal,) = authority.as_json("proposals")
    assert "code" in authority.refused("approve", proposal["id"])
    next_code(authority, "approve", proposal["id"])
    assert parameters(redis, "global") == {"leverage": 100}
    assert "no proposal waits" in authority.done("proposals")


def test_a_rejected_proposal_is_gone(authority: CommandLine) -> None:
    authority.refused("set", "global", "leverage=100")
    (proposal,) = authority.as_json("proposals")
    assert "rejected" in authority.done("reject", proposal["id"], "--reason", "too much")
    assert [each["status"] for each in authority.as_json("proposals", "--all")] == ["rejected"]


def test_resuming_takes_a_code(authority: CommandLine, redis: Redis) -> None:
    authority.done("halt", "global", "--reason", "storm")
    assert json.loads(redis.hget("cio:control", "global") or "")["mode"] == "HALTED"
    authority.refused("resume", "global")
    authority.refused("resume", "global", "--code", "000000")
    next_code(authority, "resume", "global")
    assert redis.hgetall("cio:control") == {}


def test_tokens_are_made_shown_once_and_revoked(authority: CommandLine, mongo_server: Mongo) -> None:
    text = authority.done("token", "create", "strategist", "--class", "agent", "--for", "1d").strip()
    (listed,) = authority.as_json("token", "list")
    assert listed["name"] == "strategist"
    with MongoClient(mongo_server.url) as client:
        stored = str(list(client["petrosa"]["cio_tokens"].find()))
    assert text.rpartition("_")[2] not in stored
    authority.done("token", "revoke", "strategist")
    assert authority.as_json("token", "list")[0]["revoked_at"] is not None
    authority.refused("token", "create", "robot", "--class", "agent", "--allow", "control:loosen")


def test_a_halt_works_while_mongodb_is_away_and_is_taken_over(
    authority: CommandLine, mongo_server: Mongo, redis: Redis
) -> None:
    authority.done("set", "global", "leverage=5")
    mongo_server.stop()
    try:
        result = authority.run("halt", "global", "--reason", "storm")
        assert result.exit_code == 0, result.output
        assert "take it over" in result.stderr
        assert "MongoDB" in authority.refused("set", "global", "leverage=4")
        status = authority.run("status")
        assert status.exit_code == 0, status.output
        assert "HALTED" in status.stdout
        assert "what the gates see" in status.stderr
    finally:
        mongo_server.start()
    eventually_blocking(lambda: authority.run("rebuild").exit_code == 0, seconds=20, what="MongoDB is back")
    authority.done("set", "symbol:BTCUSDT", "leverage=3")
    assert json.loads(redis.hget("cio:control", "global") or "")["mode"] == "HALTED"
    assert any(record["subject"] == "control" for record in authority.as_json("history", "global"))


@pytest.mark.parametrize(
    "words", [["init"], ["set", "global", "max_daily_trades=9"], ["halt", "global", "--reason", "x"]]
)
def test_the_first_command_of_an_authority_keeps_the_policy_from_before(
    authority: CommandLine, cli: CommandLine, redis: Redis, words: list[str]
) -> None:
    cli.done("set", "symbol:BTCUSDT", "leverage=3")
    authority.done(*words)
    assert parameters(redis, "symbol:BTCUSDT") == {"leverage": 3}
    assert [record["edit"] for record in authority.as_json("history", "symbol:BTCUSDT")] == ["import"]


def test_a_lift_while_redis_is_away_says_so_and_nothing_else(
    authority: CommandLine, redis_server: RedisServer, redis: Redis
) -> None:
    authority.done("halt", "global", "--reason", "storm")
    redis_server.stop()
    try:
        said = next_code(authority, "resume", "global")
        assert "HALTED lifted" in said
        assert "BLIND" not in said
    finally:
        redis_server.start()
    authority.done("rebuild")
    assert redis.hgetall("cio:control") == {}


def test_while_redis_is_away_nothing_is_said_of_what_gates_see(
    authority: CommandLine, redis_server: RedisServer
) -> None:
    authority.done("set", "global", "max_daily_trades=9")
    redis_server.stop()
    try:
        for words in (["show"], ["status"], ["resolve"]):
            result = authority.run(*words)
            assert result.exit_code == 0
            assert "what the gates see is not known" in result.stderr
            assert "BLIND" not in result.output
        assert "not enforced yet" in authority.refused("init")
    finally:
        redis_server.start()
    authority.done("rebuild")


def test_without_the_authority_its_commands_say_what_is_missing(cli: CommandLine) -> None:
    for words in (["history"], ["rollback", "global"], ["proposals"], ["token", "list"], ["rebuild"]):
        assert "MONGODB_URI" in cli.refused(*words)


def test_what_an_authority_owns_is_not_changed_behind_its_back(
    authority: CommandLine, cli: CommandLine, redis: Redis
) -> None:
    authority.done("set", "global", "leverage=5")
    for words in (["set", "global", "leverage=4"], ["clear", "global", "--yes"], ["unset", "global", "leverage"]):
        assert "set MONGODB_URI" in cli.refused(*words)
    cli.done("halt", "global", "--reason", "storm")
    assert "set MONGODB_URI" in cli.refused("resume", "global")
    assert parameters(redis, "global") == {"leverage": 5}


def test_a_halt_of_an_authority_is_not_made_laxer_behind_its_back(
    authority: CommandLine, cli: CommandLine, mongo_server: Mongo, redis: Redis
) -> None:
    authority.done("halt", "global", "--reason", "storm")
    laxer = (
        ["safe", "global", "--reason", "it looks calm"],
        ["halt", "global", "--reason", "only briefly", "--for", "1s"],
    )
    mongo_server.stop()
    try:
        for words in laxer:
            assert "let nothing more pass" in cli.refused(*words)
            assert "let nothing more pass" in authority.refused(*words)
        cli.done("halt", "global", "--reason", "a worse storm")
    finally:
        mongo_server.start()
    entry = json.loads(redis.hget("cio:control", "global") or "")
    assert (entry["mode"], entry["reason"], entry["expires_at"]) == ("HALTED", "a worse storm", None)


def test_looking_shows_the_gates_epoch_and_warns_of_what_they_do_not_see(authority: CommandLine, redis: Redis) -> None:
    authority.done("set", "global", "leverage=5")
    authority.done("halt", "global", "--reason", "storm")
    assert authority.as_json("show")["epoch"] == int(redis.get("cio:policy:epoch") or 0)
    redis.hdel("cio:policy", "global")
    assert "do not see all of this" in authority.run("show").stderr
    authority.done("rebuild")
    assert authority.run("show").stderr == ""


def test_a_rollback_to_two_states_is_wrong_usage(authority: CommandLine) -> None:
    assert "keep one" in authority.refused("rollback", "global", "--to", "0", "--record", "4f1c", code=2)


def test_clearing_a_latch_takes_a_code_and_the_authority_and_is_in_the_history(
    authority: CommandLine, cli: CommandLine, redis: Redis
) -> None:
    words = ("latch", "clear", "drawdown", "--reason", "looked into")
    assert "MONGODB_URI" in cli.refused(*words)
    assert "code" in authority.refused(*words)
    assert not redis.exists(rediskeys.PORTFOLIO_CLEARED)
    next_code(authority, *words)
    asked = json.loads(redis.hget(rediskeys.PORTFOLIO_CLEARED, "drawdown") or "")
    assert (asked["by"], asked["reason"]) == ("anna", "looked into")
    record = authority.as_json("history")[0]
    assert (record["subject"], record["edit"], record["reason"]) == ("latch", "clear", "looked into")
    assert "drawdown cleared" in authority.done("history")
