"""Filters: the same scopes in the envelope of the fleet's filter routes."""

import pytest

from petrosa_contracts import TradingConfig
from tests.unit.strategist.gateway.config_api.envelope import asked, filter_update, refused
from tests.unit.strategist.gateway.door import ANNA, Door


@pytest.mark.parametrize(
    ("path", "names", "scope"),
    [
        ("/filters/global", {}, "global"),
        ("/filters/pair/btcusdt", {"symbol": "BTCUSDT"}, "symbol:BTCUSDT"),
        ("/filters/pair/btcusdt/side/LONG", {"symbol": "BTCUSDT", "side": "LONG"}, "symbol_side:BTCUSDT:LONG"),
        ("/filters/strategy/a%20b", {"strategy_id": "a b"}, "strategy:a b"),
    ],
)
async def test_filters_are_the_same_scopes_in_another_envelope(
    door: Door, path: str, names: dict[str, str], scope: str
) -> None:
    written = await asked(door, "PUT", path, json=filter_update(leverage=5), headers=ANNA)
    assert isinstance(written["message"], str)
    config = TradingConfig.model_validate(written["data"]["config"])
    assert (config.parameters, config.version, config.created_by) == ({"leverage": 5}, 1, "ops-console")
    assert (config.symbol, config.side, config.strategy_id) == tuple(
        names.get(name) for name in ("symbol", "side", "strategy_id")
    )
    assert await door.authority.parameters(scope) == {"leverage": 5}
    seen = await asked(door, "GET", path)
    filters = seen["data"].pop("filters")
    assert (seen["data"], filters["leverage"]) == (names, 5)
    error = await refused(door, "UPDATE_FAILED", "PUT", path, json=filter_update(leverage=500), headers=ANNA)
    assert error["details"]["errors"]


async def test_a_config_keeps_the_time_it_was_created(door: Door) -> None:
    await asked(door, "PUT", "/filters/global", json=filter_update(leverage=5), headers=ANNA)
    door.authority.clock.advance(hours=1)
    written = await asked(door, "PUT", "/filters/global", json=filter_update(leverage=4), headers=ANNA)
    config = TradingConfig.model_validate(written["data"]["config"])
    assert (config.created_at.hour, config.updated_at.hour) == (12, 13)
