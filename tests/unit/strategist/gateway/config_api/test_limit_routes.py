"""The fleet's limit routes: they tell what holds, and set nothing."""

import pytest

from petrosa_contracts import CATALOGUE
from tests.unit.strategist.gateway.config_api.envelope import asked, refused, update
from tests.unit.strategist.gateway.door import ANNA, Door


async def test_limits_tell_the_known_form_and_what_really_holds(door: Door) -> None:
    await asked(door, "POST", "/trading", json=update(max_daily_trades=7), headers=ANNA)
    body = await asked(door, "GET", "/config/limits")
    assert body["data"]["limits"] == {
        "global": {"max_position_size": None, "max_accumulations": None, "accumulation_cooldown_seconds": None},
        "symbols": {},
    }
    assert body["data"]["in_force"]["max_daily_trades"]["value"] == 7


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/config/limits/global"),
        ("PUT", "/config/limits/symbol/BTCUSDT"),
        ("DELETE", "/config/limits/symbol/BTCUSDT"),
    ],
)
async def test_limits_cannot_be_set_and_name_what_can(door: Door, method: str, path: str) -> None:
    error = await refused(door, "UNSUPPORTED_OPERATION", method, path, params={"max_position_size": "3"})
    named = {word.strip(",") for word in error["message"].split()} & set(CATALOGUE)
    assert named >= {"max_position_size_usd", "max_concurrent_positions"}
