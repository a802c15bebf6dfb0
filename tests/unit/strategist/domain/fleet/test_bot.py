"""Bots, and the schemas of their operations."""

import jsonschema
import pytest

from cio_strategist.domain.access.caller import Permission
from cio_strategist.domain.fleet.bot import Bot, BotOperation, BotParameter, Place
from cio_strategist.errors import UsageError

DELETE = BotOperation(
    bot="ta-bot",
    name="delete_config",
    method="DELETE",
    path="/api/v1/strategies/{strategy_id}/config",
    parameters=(
        BotParameter("strategy_id", Place.PATH, {"type": "string"}, required=True),
        BotParameter("changed_by", Place.QUERY, {"type": "string"}, required=True),
        BotParameter("reason", Place.QUERY, {"type": "string"}, required=False),
    ),
    writes=True,
)
UPDATE = BotOperation(
    bot="ta-bot",
    name="update",
    method="POST",
    path="/api/v1/config/application",
    body={
        "type": "object",
        "properties": {"parameters": {"type": "object"}, "changed_by": {"type": "string", "description": "Who"}},
        "required": ["parameters", "changed_by"],
    },
    body_required=True,
    writes=True,
)


@pytest.mark.parametrize("name", ["ta-bot", "realtime_2", "A", "a" * 32])
def test_a_name_of_letters_digits_and_dashes_is_taken(name):
    assert Bot(name, "http://bot:80").name == name


@pytest.mark.parametrize("name", ["", "a__b", "bot_", "a b", "a" * 33, "böt", "a/b", "a\n"])
def test_a_name_that_a_tool_could_not_carry_is_refused(name):
    with pytest.raises(UsageError, match="name"):
        Bot(name, "http://bot:80")


@pytest.mark.parametrize(
    "url", ["http://bot", "https://bot.example:8443/", "http://[::1]:80", "http://10.0.0.1:1/ta", "http://ta_bot:80"]
)
def test_an_address_is_taken_with_port_and_path(url):
    assert Bot("ta", url).root == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "bot:80",
        "ftp://bot",
        "http://user:secret@bot",
        "http://bot?x=1",
        "http://bot#x",
        "http://bot/../x",
        "http://bot/..",
        "http://bot:99999",
        "http://",
        "http://bot/a b",
        "http://bot\n",
    ],
)
def test_an_odd_address_is_refused_without_repeating_it(url):
    with pytest.raises(UsageError, match="address of bot ta") as refusal:
        Bot("ta", url)
    assert "secret" not in str(refusal.value)


def test_author_and_reason_are_not_required_of_a_caller():
    assert DELETE.input_schema["required"] == ["strategy_id"]
    body = UPDATE.input_schema["properties"]["body"]
    assert body["required"] == ["parameters"]
    assert body["properties"]["changed_by"]["description"] == "Who. Filled in by the gateway when left out."


def test_a_body_of_nothing_but_the_author_may_be_left_out():
    operation = BotOperation(
        bot="ta",
        name="rollback",
        method="POST",
        path="/api/v1/config/x",
        body={"type": "object", "properties": {"changed_by": {"type": "string"}}, "required": ["changed_by"]},
        body_required=True,
        writes=True,
    )
    assert operation.input_schema["required"] == []


def test_a_tool_that_writes_requires_a_reason_and_a_thought_trace():
    schema = DELETE.tool_schema
    assert schema["required"] == ["strategy_id", "reason", "thought_trace"]
    jsonschema.Draft202012Validator.check_schema(schema)


def test_a_tool_that_reads_requires_neither():
    operation = BotOperation(bot="ta", name="list", method="GET", path="/api/v1/strategies")
    assert operation.tool == "ta__list"
    assert operation.tool_schema == operation.input_schema
    assert operation.permission is Permission.READ


def test_everything_but_a_get_needs_a_token():
    assert DELETE.permission is Permission.WRITE
