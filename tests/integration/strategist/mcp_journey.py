"""One journey through every tool, as an operator makes it over any transport."""

from collections.abc import Callable
from typing import Any

from mcp import Client
from mcp.types import CallToolResult

BTC = "symbol:BTCUSDT"
WHY = {
    "reason": "volatility doubled",
    "thought_trace": "Volatility doubled within the hour while depth thinned out, so smaller orders keep slippage low",
}


class Traveller:
    """A client that remembers which tools it called."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.called: set[str] = set()

    async def does(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return what it answered. Fails for an error."""
        result = await self._call(tool, arguments)
        assert not result.is_error, result.content
        return result.structured_content

    async def fails(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return the error that it answered. Fails for a success."""
        result = await self._call(tool, arguments)
        assert result.is_error, result.structured_content
        return result.structured_content["error"]

    async def _call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        self.called.add(tool)
        return await self._client.call_tool(tool, arguments)


async def travel(client: Client, code: Callable[[int], str]) -> None:
    """Go through every tool on an empty policy. `code` gives the code of the present time step plus so many."""
    operator = Traveller(client)
    listed = {tool.name for tool in (await client.list_tools()).tools}
    await _learn(operator)
    await _look_back(operator)
    await _change(operator)
    await _undo(operator)
    await _propose(operator, code(0))
    await _halt_and_lift(operator, code(1))
    await _try_the_ceilings(operator)
    assert operator.called == listed


async def _learn(operator: Traveller) -> None:
    assert (await operator.does("get_schema", names=["leverage"]))["parameters"]["leverage"]["unit"] == "x"
    assert (await operator.does("get_defaults"))["parameters"]["leverage"] == 10
    assert (await operator.does("list_configs"))["configs"] == []
    assert (await operator.does("get_config", scope=BTC))["version"] == 0
    assert (await operator.does("validate_config", parameters={"position_size_pct": 2.0}))["valid"] is False


async def _look_back(operator: Traveller) -> None:
    """Nothing was decided yet."""
    assert (await operator.fails("explain_decision", decision_id="f" * 32))["code"] == "NOT_FOUND"
    assert (await operator.does("simulate_patch", patch={BTC: {"leverage": 8}}))["examined"] == 0


async def _try_the_ceilings(operator: Traveller) -> None:
    assert (await operator.does("get_primal_limits"))["source"] == "off"
    told = await operator.fails("set_primal_limits", limits={"leverage": 125})
    assert told["code"] == "PRIMAL_LIMIT"
    record = await operator.does("get_audit_record", audit_id=told["audit_id"])
    assert (record["subject"], record["scope"]) == ("refusal", "primal")


async def _change(operator: Traveller) -> None:
    preview = await operator.does("preview_change", scope=BTC, change="patch", parameters={"leverage": 8})
    assert preview["direction"] == "tightens"
    first = await operator.does("patch_config", scope=BTC, parameters={"leverage": 8}, expect_version=0, **WHY)
    assert (first["status"], first["version"]) == ("applied", 1)
    wrong = await operator.fails("patch_config", scope=BTC, parameters={"position_size_pct": 2.0}, **WHY)
    assert wrong["errors"][0]["suggested_value"] == 0.02
    stale = await operator.fails("patch_config", scope=BTC, parameters={"leverage": 7}, expect_version=0, **WHY)
    assert (stale["code"], stale["current_version"]) == ("CONFLICT", 1)
    values = {"leverage": 7, "max_concurrent_positions": 4}
    assert (await operator.does("set_config", scope=BTC, parameters=values, **WHY))["version"] == 2
    left = await operator.does("unset_parameters", scope=BTC, names=["leverage"], **WHY)
    assert left["parameters"] == {"max_concurrent_positions": 4}
    resolved = await operator.does("get_resolved_config", symbol="BTCUSDT", side="LONG")
    assert resolved["parameters"]["max_concurrent_positions"]["scope"] == BTC
    limits = await operator.does("get_limits", symbol="BTCUSDT")
    assert limits["parameters"]["max_concurrent_positions"]["value"] == 4


async def _undo(operator: Traveller) -> None:
    assert (await operator.does("rollback_to_version", scope=BTC, version=2, **WHY))["version"] == 4
    deleted = await operator.does("delete_config", scope=BTC, **WHY)
    assert deleted["parameters"] is None
    back = await operator.does("rollback_to_version", scope=BTC, previous=True, **WHY)
    assert back["parameters"] == {"leverage": 7, "max_concurrent_positions": 4}
    records = (await operator.does("get_history", scope=BTC))["records"]
    assert [record["edit"] for record in records] == ["rollback", "delete", "rollback", "unset", "set", "patch"]
    assert (await operator.does("get_audit_record", audit_id=records[0]["id"]))["thought_trace"] == WHY["thought_trace"]


async def _propose(operator: Traveller, code: str) -> None:
    ids: list[str] = []
    for leverage in (90, 100):
        pending = await operator.does("patch_config", scope="global", parameters={"leverage": leverage}, **WHY)
        assert pending["status"] == "pending"
        ids.append(pending["proposal_id"])
    listed = (await operator.does("list_proposals", status="pending"))["proposals"]
    assert {proposal["id"] for proposal in listed} == set(ids)
    assert (await operator.does("reject_proposal", proposal_id=ids[1], **WHY))["status"] == "rejected"
    own = await operator.fails("approve_proposal", proposal_id=ids[0], **WHY)
    assert own["code"] == "SECOND_FACTOR_REQUIRED"
    approved = await operator.does("approve_proposal", proposal_id=ids[0], code=code, **WHY)
    assert approved["parameters"] == {"leverage": 90}
    assert (await operator.does("get_proposal", proposal_id=ids[0]))["status"] == "approved"


async def _halt_and_lift(operator: Traveller, code: str) -> None:
    halted = await operator.does("set_control", scope=BTC, mode="HALTED", duration="2h", **WHY)
    assert halted["after"]["mode"] == "HALTED"
    assert (await operator.does("get_control"))["controls"][0]["in_force"] is True
    without = await operator.fails("lift_control", scope=BTC, **WHY)
    assert without["code"] == "SECOND_FACTOR_REQUIRED"
    lifted = await operator.does("lift_control", scope=BTC, code=code, **WHY)
    assert lifted["after"] is None
    assert (await operator.fails("clear_latch", latch="daily-loss", **WHY))["code"] == "SECOND_FACTOR_REQUIRED"
