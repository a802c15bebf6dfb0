"""Recorded decisions in a real store: found, made again, and tried under another policy."""

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from pymongo.database import Database
from typer.testing import CliRunner, Result

from cio_strategist.adapters.mongo import Authority
from cio_strategist.audit_cli import app as audit_app
from cio_strategist.domain.decisions.filter import DecisionFilter
from cio_strategist.replay_cli import app
from devstack import Mongo
from tests.builders import NOW
from tests.recorded_chains import keep
from tests.records import recorded, small_orders

pytestmark = pytest.mark.servers

VETOED, APPROVED, WITHDRAWN = "a" * 32, "b" * 32, "c" * 32
RECORDS = (
    recorded(small_orders(), decision_id=VETOED),
    recorded(decision_id=APPROVED, strategy_id="breakout"),
    recorded(decision_id=WITHDRAWN, circumstances={"audit_available": False}).model_copy(update={"withdraws": True}),
    recorded(decision_id=WITHDRAWN),
)


@pytest.fixture
def database(mongo_server: Mongo, mongo: Database[dict[str, object]]) -> dict[str, str]:
    """The environment of a store that holds the records."""
    asyncio.run(keep(mongo_server.url, mongo.name, RECORDS))
    return {"MONGODB_URI": mongo_server.url, "MONGODB_DATABASE": mongo.name, "COLUMNS": "200"}


def run(environment: dict[str, str], *words: object) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words], env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def as_json(environment: dict[str, str], *words: object) -> Any:
    result = run(environment, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_decision_is_found_and_reproduced(database: dict[str, str]) -> None:
    assert as_json(database, VETOED)["outcome"] == "reproduced"
    assert as_json(database, WITHDRAWN)["recorded"]["code"] == "AUDIT_UNAVAILABLE"
    missing = run(database, "f" * 32)
    assert missing.exit_code == 1
    assert "there is no record" in missing.stderr


@pytest.mark.parametrize(
    "change", [{"body": RECORDS[1].model_dump_json()}, {"facts.symbol": "ETHUSDT"}, {"note": "one more field"}]
)
def test_a_record_that_was_altered_is_neither_made_again_nor_explained(
    database: dict[str, str], mongo: Database[dict[str, object]], change: dict[str, str]
) -> None:
    mongo["audit_chain"].update_one({"id": VETOED}, {"$set": change})
    result = run(database, VETOED)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "was altered in the store" in result.stderr
    explained = CliRunner().invoke(audit_app, ["explain", VETOED], env=database)
    assert (explained.exit_code, explained.stdout) == (1, "")


def test_everything_since_then_is_reproduced(database: dict[str, str]) -> None:
    assert run(database, "--since", NOW.isoformat()).stdout == "4 of 4 decisions are reproduced to the byte\n"
    assert as_json(database, "--since", (NOW + timedelta(seconds=1)).isoformat())["examined"] == 0
    assert as_json(database, "--since", NOW.isoformat(), "--strategy", "breakout")["examined"] == 1


def test_a_policy_is_tried_on_it(database: dict[str, str], tmp_path: Any) -> None:
    patch = tmp_path / "patch.json"
    patch.write_text('{"global": {"max_position_size_usd": 1000}, "strategy:breakout": {"enabled": false}}')
    found = as_json(database, "--since", NOW.isoformat(), "--policy", patch)
    assert (found["lost"]["by_strategy"], found["gained"]["by_code"]) == ({"breakout": 1}, {"ORDER_NOTIONAL_MAX": 1})


def test_a_withdrawn_approval_is_shown_and_explained_by_its_withdrawal(database: dict[str, str]) -> None:
    def asked(command: str) -> Any:
        result = CliRunner().invoke(audit_app, [command, WITHDRAWN, "--json"], env=database)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    assert [entry["id"] for entry in asked("show")] == [WITHDRAWN, f"{WITHDRAWN}:withdrawn"]
    assert asked("explain")["breaches"][0]["breach"]["code"] == "AUDIT_UNAVAILABLE"


def test_a_store_that_is_away_is_told() -> None:
    result = run({"MONGODB_URI": "mongodb://127.0.0.1:1/"}, "--since", "1h")
    assert result.exit_code == 1
    assert "cannot be reached" in result.stderr


async def test_a_model_has_a_veto_explained_and_a_policy_tried(
    mongo_server: Mongo, mongo: Database[dict[str, object]]
) -> None:
    await keep(mongo_server.url, mongo.name, RECORDS)
    environment = {"MONGODB_URI": mongo_server.url, "MONGODB_DATABASE": mongo.name}
    command = StdioServerParameters(command=sys.executable, args=["-m", "cio_strategist", "mcp"], env=environment)
    async with Client(command) as client:
        explained = await client.call_tool("explain_decision", {"decision_id": VETOED})
        tried = await client.call_tool("simulate_patch", {"patch": {"strategy:breakout": {"enabled": False}}})
    assert explained.structured_content["policy_that_passes"]["parameters"] == {"max_position_size_usd": 500.0}
    assert tried.structured_content["lost"]["by_strategy"] == {"breakout": 1}


async def test_the_archive_hands_out_records_as_they_were_written(
    mongo_server: Mongo, mongo: Database[dict[str, object]], authority: Authority
) -> None:
    await keep(mongo_server.url, mongo.name, RECORDS)
    archive = authority.decisions

    async def bodies(wanted: DecisionFilter, limit: int | None = None) -> Sequence[str]:
        return [body async for batch in archive.bodies(wanted, limit=limit) for body in batch]

    assert sorted(await bodies(DecisionFilter())) == sorted(record.model_dump_json() for record in RECORDS)
    assert len(await bodies(DecisionFilter(), limit=2)) == 2
    assert await bodies(DecisionFilter(strategy="breakout")) == [RECORDS[1].model_dump_json()]
    assert await bodies(DecisionFilter(until=NOW)) == []
    assert await archive.count(DecisionFilter(), limit=None) == 4
    assert await archive.count(DecisionFilter(since=NOW, symbol="BTCUSDT"), limit=3) == 3
    assert await archive.outcome_of(WITHDRAWN) == RECORDS[2].model_dump_json()
    assert await archive.outcome_of("f" * 32) is None
