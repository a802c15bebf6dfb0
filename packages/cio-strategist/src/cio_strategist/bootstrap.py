"""Where every concrete thing is made, once, and handed to those that need it."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cio_strategist.adapters.clock import SystemClock
from cio_strategist.adapters.decision_file import DecisionFile
from cio_strategist.adapters.mongo import open_authority
from cio_strategist.adapters.redis.policy_store import open_store
from cio_strategist.domain.policy.loosening import Budgets
from cio_strategist.errors import RefusedError, UsageError
from cio_strategist.ports import DecisionArchive, PolicyStore, ProjectionMetrics
from cio_strategist.service.access.second_factor import SecondFactor
from cio_strategist.service.access.tokens import Tokens
from cio_strategist.service.decisions.recorded import RecordedDecisions
from cio_strategist.service.policy.config_manager import TradingConfigManager
from cio_strategist.service.policy.control import ControlDesk
from cio_strategist.service.policy.latches import LatchDesk
from cio_strategist.service.policy.primal import PrimalDesk
from cio_strategist.service.policy.projection import Projector
from cio_strategist.service.policy.proposals import ProposalDesk
from cio_strategist.service.policy.reading import PolicyReader
from cio_strategist.service.policy.writer import Writer
from cio_strategist.settings import Settings
from petrosa_contracts.primal.file import PrimalStanding, load


@dataclass(frozen=True, slots=True)
class Authority:
    """What only the owner of policy has: history and everything that rests on it."""

    reader: PolicyReader
    proposals: ProposalDesk
    primal: PrimalDesk
    latches: LatchDesk
    tokens: Tokens
    projector: Projector
    decisions: RecordedDecisions


@dataclass(frozen=True, slots=True)
class Governance:
    """Everything that looks at or changes policy and control."""

    store: PolicyStore
    gates_store: PolicyStore
    """The store that gates read; `store` itself where there is no authority."""
    manager: TradingConfigManager
    control: ControlDesk
    direct_control: ControlDesk
    """Control straight on the store that gates read, for when the authority's own is away."""
    authority: Authority | None
    """None without MONGODB_URI: then everything works straight on the store that gates read."""

    @property
    def needed_authority(self) -> Authority:
        """The authority. Raises `RefusedError` where there is none."""
        if self.authority is None:
            raise RefusedError("this needs the authority, which keeps its history in MongoDB: set MONGODB_URI")
        return self.authority


@asynccontextmanager
async def open_governance(
    settings: Settings, *, metrics: ProjectionMetrics | None = None
) -> AsyncGenerator[Governance]:
    """Open what the settings name. Connects only when first used; whatever is away then says so.

    The primal limits are read here, once.
    """
    clock = SystemClock()
    standing = await _primal_limits(settings)
    limits = None if standing is None else standing.limits
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(open_store(settings.redis_url.get_secret_value()))
        direct_writer = Writer(redis, clock=clock, new_id=_new_id)
        direct_control = ControlDesk(direct_writer)
        if settings.mongodb_uri is None:
            manager = TradingConfigManager(direct_writer, primal=limits)
            yield Governance(redis, redis, manager, direct_control, direct_control, authority=None)
            return
        uri = settings.mongodb_uri.get_secret_value()
        mongo = await stack.enter_async_context(open_authority(uri, settings.mongodb_database, clock=clock))
        projector = Projector(
            mongo.policy,
            redis.projection,
            clock=clock,
            new_id=_new_id,
            drift_seconds=settings.drift_seconds,
            metrics=metrics,
        )
        writer = Writer(mongo.policy, clock=clock, new_id=_new_id, history=mongo.policy, enforcer=projector)
        second_factor = SecondFactor(settings.totp_secret, mongo.second_factor, clock)
        budgets = Budgets(agent=settings.agent_loosening, operator=settings.operator_loosening)
        yield Governance(
            store=mongo.policy,
            gates_store=redis,
            manager=TradingConfigManager(writer, budgets=budgets, primal=limits),
            control=ControlDesk(writer, second_factor=second_factor),
            direct_control=direct_control,
            authority=Authority(
                reader=PolicyReader(mongo.policy, clock=clock, history=mongo.policy, fallback=redis),
                proposals=ProposalDesk(writer, mongo.policy, second_factor=second_factor, primal=limits),
                primal=PrimalDesk(writer, standing),
                latches=LatchDesk(writer, redis.portfolio, second_factor=second_factor),
                tokens=Tokens(mongo.tokens, clock),
                projector=projector,
                decisions=RecordedDecisions(mongo.decisions, mongo.policy, clock=clock),
            ),
        )


@dataclass(frozen=True, slots=True)
class Archive:
    """Recorded decisions, and what answers questions about them."""

    bodies: DecisionArchive
    decisions: RecordedDecisions


@asynccontextmanager
async def open_archive(settings: Settings) -> AsyncGenerator[Archive]:
    """Open what is on record, without anything that changes policy. Raises `UsageError` without MONGODB_URI."""
    if settings.mongodb_uri is None:
        raise UsageError("decisions are on record in MongoDB: set MONGODB_URI, or read an export with --from")
    uri = settings.mongodb_uri.get_secret_value()
    clock = SystemClock()
    async with open_authority(uri, settings.mongodb_database, clock=clock) as mongo:
        yield Archive(mongo.decisions, RecordedDecisions(mongo.decisions, mongo.policy, clock=clock))


def archive_of(path: Path) -> Archive:
    """Return what is on record in a file of JSON Lines, or on standard input if the path is `-`."""
    file = DecisionFile(path)
    return Archive(file, RecordedDecisions(file, history=None, clock=SystemClock()))


async def _primal_limits(settings: Settings) -> PrimalStanding | None:
    if settings.primal_file is None:
        return None
    return await asyncio.to_thread(load, settings.primal_file, settings.primal_approvers)


def _new_id() -> str:
    return uuid.uuid4().hex
