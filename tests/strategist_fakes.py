"""Stand-ins for what the strategist needs from the outside, kept in memory."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from cio_strategist.domain.access.caller import CallerClass
from cio_strategist.domain.access.token import StoredToken
from cio_strategist.domain.policy.audit import AuditRecord, HistoryFilter, Subject
from cio_strategist.domain.policy.loosening import WINDOW, Loosened
from cio_strategist.domain.policy.outcome import Enforcement
from cio_strategist.domain.policy.projection import Shown, Update
from cio_strategist.domain.policy.proposal import Proposal, ProposalStatus
from cio_strategist.domain.policy.stored import Answer, Change, StoredPolicy, Write
from cio_strategist.errors import ConflictError, StoreUnreachableError
from cio_strategist.ports import ChangeT, Committed
from petrosa_contracts import Scope, ScopeError, rediskeys

NOON = datetime(2026, 2, 25, 12, tzinfo=UTC)
ATTEMPTS = 16


class SetClock:
    """A clock that stands until a test moves it."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, **by: float) -> None:
        self._now += timedelta(**by)


class CountingIds:
    """Ids that can be foretold: `id-1`, `id-2`, and so on."""

    def __init__(self) -> None:
        self._given = 0

    def __call__(self) -> str:
        self._given += 1
        return f"id-{self._given}"


class FakePolicyStore:
    """`PolicyStore`, `History`, `TokenStore` and `SecondFactorStore` in memory, as MongoDB keeps them.

    `up = False` makes it unreachable. `before_write` is called between a decision and its writing: whatever it commits
    or changes through `edit` makes the decision be asked for again. `fail_write` makes the next write fail with that
    error, with nothing written. `lose_answer` makes the next commit be written and its answer get lost.
    """

    def __init__(self, clock: SetClock | None = None) -> None:
        self.clock = clock or SetClock()
        self.up = True
        self.before_write: Callable[[], None] = lambda: None
        self.fail_write: Exception | None = None
        self.lose_answer = False
        self.writes: list[Write] = []
        self.trail: list[AuditRecord] = []
        self.filed: dict[str, Proposal] = {}
        self.answers: dict[str, Answer] = {}
        self.tokens: dict[str, StoredToken] = {}
        self.spent_step: int | None = None
        self.failures: list[datetime] = []
        self._stored = StoredPolicy()

    @property
    def stored(self) -> StoredPolicy:
        """What is stored now; also when it is down."""
        oldest = self.clock.now() - WINDOW
        return replace(
            self._stored,
            loosened=tuple(
                Loosened(record.at, CallerClass(record.caller_class), parameter, amount)
                for record in self.trail
                if record.subject is Subject.CONFIG and record.at > oldest
                for parameter, amount in record.loosening.items()
            ),
            pending=MappingProxyType(
                {key: each for key, each in self.filed.items() if each.status is ProposalStatus.PENDING}
            ),
        )

    def edit(self, write: Write) -> int:
        """Write at once, as another writer would; return the revision after it."""
        revision = (self._stored.epoch or 0) + 1
        self._stored = replace(
            self._stored,
            epoch=revision,
            layers=_written(self._stored.layers, write.layers),
            versions=_written(self._stored.versions, {key: str(value) for key, value in write.versions.items()}),
            control=_written(self._stored.control, write.control),
        )
        records = write.also_audit if write.audit is None else (write.audit, *write.also_audit)
        self.trail += [record.model_copy(update={"revision": revision}) for record in records]
        self.filed |= {proposal.id: proposal for proposal in write.proposals}
        if write.answer is not None:
            self.answers[write.answer.key] = write.answer
        self.writes.append(write)
        return revision

    async def read(self) -> StoredPolicy:
        self._reach()
        return self.stored

    async def commit(self, decide: Callable[[StoredPolicy], ChangeT]) -> Committed[ChangeT]:
        for _ in range(ATTEMPTS):
            self._reach()
            before = self.stored
            change = decide(before)
            if change.write is None:
                return Committed(change, before.epoch)
            self.before_write()
            self._reach()
            if self._stored.epoch == before.epoch:
                return self._commit(change, change.write)
        raise ConflictError("others kept changing policy or control; nothing was written")

    def _commit(self, change: ChangeT, write: Write) -> Committed[ChangeT]:
        if self.fail_write is not None:
            error, self.fail_write = self.fail_write, None
            raise error
        if write.answer is not None and write.answer.key in self.answers:
            raise ConflictError("the same request was answered meanwhile; nothing was written")
        revision = self.edit(write)
        if self.lose_answer:
            self.lose_answer = False
            raise StoreUnreachableError("MongoDB went away during the change")
        return Committed(change, revision)

    async def records(self, wanted: HistoryFilter, *, limit: int) -> Sequence[AuditRecord]:
        self._reach()
        return [record for record in reversed(self.trail) if _fits(record, wanted)][:limit]

    async def record(self, audit_id: str) -> AuditRecord | None:
        self._reach()
        return next((record for record in self.trail if record.id == audit_id), None)

    async def at_version(self, scope: str, version: int) -> AuditRecord | None:
        found = await self.records(HistoryFilter(scope=scope, subject=Subject.CONFIG), limit=len(self.trail))
        return next((record for record in found if record.version == version), None)

    async def proposals(self, status: ProposalStatus | None, *, limit: int) -> Sequence[Proposal]:
        self._reach()
        fitting = [each for each in self.filed.values() if status is None or each.status is status]
        return sorted(fitting, key=lambda each: (each.proposed_at, each.id), reverse=True)[:limit]

    async def proposal(self, proposal_id: str) -> Proposal | None:
        self._reach()
        return self.filed.get(proposal_id)

    async def answer(self, key: str) -> Answer | None:
        self._reach()
        return self.answers.get(key)

    async def add(self, token: StoredToken) -> None:
        self._reach()
        taken = token.id in self.tokens or any(
            other.name == token.name and other.in_force(token.created_at) for other in self.tokens.values()
        )
        if taken:
            raise ConflictError(f"a token named {token.name!r} is in use")
        self.tokens[token.id] = token

    async def find(self, token_id: str) -> StoredToken | None:
        self._reach()
        return self.tokens.get(token_id)

    async def all(self) -> Sequence[StoredToken]:
        self._reach()
        return sorted(self.tokens.values(), key=lambda token: (token.created_at, token.id))

    async def revoke(self, token_id: str, at: datetime) -> bool:
        self._reach()
        token = self.tokens.get(token_id)
        if token is None or token.revoked_at is not None:
            return False
        self.tokens[token_id] = token.model_copy(update={"revoked_at": at})
        return True

    async def spend(self, step: int) -> bool:
        self._reach()
        if self.spent_step is not None and step <= self.spent_step:
            return False
        self.spent_step = step
        return True

    async def failures_since(self, moment: datetime) -> Sequence[datetime]:
        self._reach()
        return sorted(at for at in self.failures if at >= moment)

    async def fail(self, at: datetime) -> None:
        self._reach()
        self.failures.append(at)

    async def forgive(self) -> None:
        self._reach()
        self.failures.clear()

    def _reach(self) -> None:
        if not self.up:
            raise StoreUnreachableError("MongoDB cannot be reached: start it, or point MONGODB_URI at the right one")


class FakeProjection:
    """`Projection` in memory.

    `up = False` makes it unreachable. `before_write` is called between a plan and its writing: whatever it does to
    `shown` makes the plan be asked for again.
    """

    def __init__(self, shown: Shown | None = None) -> None:
        self.shown = shown or Shown(StoredPolicy(), None)
        self.up = True
        self.before_write: Callable[[], None] = lambda: None
        self.updates: list[Update] = []

    async def read(self) -> Shown:
        self._reach()
        return self.shown

    async def update(self, plan: Callable[[Shown], Awaitable[Update | None]]) -> int | None:
        for _ in range(ATTEMPTS):
            self._reach()
            before = self.shown
            update = await plan(before)
            if update is None:
                return before.policy.epoch
            self.before_write()
            self._reach()
            if self.shown is before:
                self._apply(update)
                return self.shown.policy.epoch
        raise ConflictError("others kept changing policy or control in Redis")

    def tamper(self, **parts: Mapping[str, str]) -> None:
        """Replace `layers`, `versions` or `control` as somebody with a Redis client would."""
        self.shown = replace(self.shown, policy=replace(self.shown.policy, **parts))  # type: ignore[arg-type]

    def _apply(self, update: Update) -> None:
        self.updates.append(update)
        gone, present = update.removed_keys, self.shown.policy
        epoch = None if rediskeys.POLICY_EPOCH in gone else present.epoch
        self.shown = Shown(
            policy=replace(
                present,
                epoch=(epoch or 0) + 1 if update.counts else epoch,
                layers=_written({} if rediskeys.POLICY in gone else present.layers, update.layers),
                versions=_written({} if rediskeys.POLICY_VERSIONS in gone else present.versions, update.versions),
                control=_written({} if rediskeys.CONTROL in gone else present.control, update.control),
            ),
            revision=self.shown.revision if update.revision is None else update.revision,
            damaged=tuple(key for key in self.shown.damaged if key not in gone),
        )

    def _reach(self) -> None:
        if not self.up:
            raise StoreUnreachableError("Redis cannot be reached: start it, or point REDIS_URL at the right one")


class FakeEnforcer:
    """`Enforcer` that says what a test wants said, and counts how often it is asked."""

    def __init__(self) -> None:
        self.enforced = True
        self.projected = 0

    async def begin(self) -> None:
        """Nothing was there before."""

    async def project(self) -> Enforcement:
        self.projected += 1
        if not self.enforced:
            return Enforcement(enforced=False, epoch=None, message="Redis cannot be reached; it is tried again")
        return Enforcement(enforced=True, epoch=self.projected, message=f"in Redis since epoch {self.projected}")


def writing(write: Write) -> Callable[[StoredPolicy], Change]:
    """Return a decision to write this, whatever is stored."""
    return lambda _: Change(write)


def _written(present: Mapping[str, str], fields: Mapping[str, str | None]) -> Mapping[str, str]:
    merged = {**present, **fields}
    return MappingProxyType({key: text for key, text in merged.items() if text is not None})


def _fits(record: AuditRecord, wanted: HistoryFilter) -> bool:
    scope = _scope(record.scope)
    pairs = (
        (wanted.scope, record.scope),
        (wanted.symbol, scope and scope.symbol),
        (wanted.side, scope and scope.side),
        (wanted.strategy_id, scope and scope.strategy_id),
        (wanted.subject, record.subject),
        (wanted.action, record.action),
    )
    older = wanted.before_revision is None or record.revision is None or record.revision < wanted.before_revision
    recent = wanted.since is None or record.at >= wanted.since
    return older and recent and all(want is None or want == has for want, has in pairs)


def _scope(key: str) -> Scope | None:
    try:
        return Scope.parse(key)
    except ScopeError:
        return None
