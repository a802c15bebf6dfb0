"""The gate under test: the real program, with policy written as the config authority writes it."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import redis

from bench.inputs import INPUTS
from bench.samples import MAX_DAILY_TRADES, strategy_names
from devstack.service import Service
from petrosa_contracts import rediskeys


class Gate(Service):
    """One `cio-nurse`, ready when it serves intents under the policy. It cannot outlive this process.

    Settings of the gate that are in the environment hold here too; logging begins at WARNING unless they say otherwise.
    """

    name: ClassVar[str] = "cio-nurse"
    variable: ClassVar[str] = "NURSE_HTTP_PORT"
    program: ClassVar[str] = "cio-nurse"
    distribution: ClassVar[str] = "cio-nurse"

    def __init__(self, folder: Path, *, nats_url: str, redis_url: str) -> None:
        super().__init__(folder, {**settings(), "NATS_URL": nats_url, "REDIS_URL": redis_url})


def settings() -> Mapping[str, str]:
    """Return the settings that the gate gets besides addresses and port."""
    own = {name: value for name, value in os.environ.items() if name.startswith("NURSE_")}
    return {"NURSE_LOG_LEVEL": "WARNING", "NURSE_INPUTS": INPUTS, "NURSE_AUDIT": "required", **own}


def write_policy(redis_url: str) -> None:
    """Write a policy under which the benchmark's intents are approved, with a trade budget for each strategy."""
    layers = {"global": {"min_confidence_threshold": 0.5, "max_position_size_usd": 1000.0}}
    layers |= {f"strategy:{name}": {"max_daily_trades": MAX_DAILY_TRADES} for name in strategy_names()}
    with redis.Redis.from_url(redis_url) as client, client.pipeline(transaction=True) as pipe:
        pipe.hset(rediskeys.POLICY, mapping={scope: _layer(scope, values) for scope, values in layers.items()})
        pipe.incr(rediskeys.POLICY_EPOCH)
        pipe.publish(rediskeys.POLICY_CHANGED, "bench")
        pipe.execute()


def _layer(scope: str, parameters: Mapping[str, Any]) -> str:
    now = datetime.now(UTC).isoformat()
    return json.dumps(
        {"scope": scope, "version": 1, "parameters": parameters, "updated_at": now, "updated_by": "bench"}
    )
