"""A projector between a fake of MongoDB and one of Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from cio_strategist.service.policy.projection import Projector
from tests.strategist_fakes import CountingIds, FakePolicyStore, FakeProjection, SetClock

NEVER = 3600.0


@dataclass
class Drifts:
    """Keeps what was counted."""

    fields: list[int] = field(default_factory=list)

    def drift(self, fields: int) -> None:
        self.fields.append(fields)


class World:
    """A projector between two fakes."""

    def __init__(
        self,
        *,
        drift_seconds: float = NEVER,
        mongo: FakePolicyStore | None = None,
        redis: FakeProjection | None = None,
    ) -> None:
        self.clock = SetClock()
        self.mongo = mongo or FakePolicyStore(self.clock)
        self.redis = redis or FakeProjection()
        self.drifts = Drifts()
        self.projector = Projector(
            self.mongo,
            self.redis,
            clock=self.clock,
            new_id=CountingIds(),
            drift_seconds=drift_seconds,
            metrics=self.drifts,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.projector.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    def shows_the_store(self) -> bool:
        stored, shown = self.mongo.stored, self.redis.shown
        same = (stored.layers, stored.versions, stored.control)
        return same == (shown.policy.layers, shown.policy.versions, shown.policy.control)
