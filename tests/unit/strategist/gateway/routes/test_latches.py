"""Clearing latches over HTTP."""

import pytest

from tests.unit.strategist.authority import CODE
from tests.unit.strategist.gateway.door import ANNA, BOT, WHY, Door, is_problem

PATH = "/api/v1/control/latches/daily-loss/clear"


async def test_an_operator_clears_a_latch_with_a_code(door: Door) -> None:
    answer = await door.ask("POST", PATH, json={**WHY, "code": CODE}, headers=ANNA)
    assert (answer.status_code, answer.json()["latch"], answer.json()["status"]) == (200, "daily-loss", "applied")
    assert [latch for latch, _, _ in door.authority.portfolio.asked] == ["daily-loss"]
    (record,) = (await door.ask("GET", "/api/v1/audit?subject=latch")).json()["records"]
    assert (record["edit"], record["caller"]) == ("clear", "anna")


async def test_an_agent_nobody_and_a_missing_code_are_refused(door: Door) -> None:
    is_problem(await door.ask("POST", PATH, json=WHY, headers=BOT), 403, "forbidden")
    is_problem(await door.ask("POST", PATH, json=WHY), 401, "unauthenticated")
    is_problem(await door.ask("POST", PATH, json=WHY, headers=ANNA), 403, "second-factor")
    assert door.authority.portfolio.asked == []


@pytest.mark.parametrize("latch", ["weekly-loss", "DAILY-LOSS", "x"])
async def test_a_latch_that_there_is_not_is_told(door: Door, latch: str) -> None:
    path = PATH.replace("daily-loss", latch)
    is_problem(await door.ask("POST", path, json={**WHY, "code": CODE}, headers=ANNA), 422, "invalid")
