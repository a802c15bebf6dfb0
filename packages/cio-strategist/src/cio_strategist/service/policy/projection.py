"""The projector: keeps what gates read in Redis equal to what the authority keeps in MongoDB."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog

from cio_strategist.domain.policy.adoption import Adoption, adopt, import_all, is_known, stricter_in_redis
from cio_strategist.domain.policy.audit import HistoryFilter, Subject
from cio_strategist.domain.policy.control_change import StoredControl
from cio_strategist.domain.policy.outcome import Enforcement
from cio_strategist.domain.policy.projection import Shown, Update, is_blank, problems_of, update_towards, written_afresh
from cio_strategist.domain.policy.stored import StoredPolicy
from cio_strategist.errors import (
    ConflictError,
    RefusedError,
    StoreUnreachableError,
    StoreUnreadableError,
    StrategistError,
)
from cio_strategist.ports import AuthorityStore, Clock, Projection, ProjectionMetrics

PROMPT_SECONDS = 1.0
"""How long a caller waits for its change to reach Redis."""

_PATIENT_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 5.0
_RECORDS_LOOKED_AT = 200
_LOOKS = 8  # at what others write while something is taken over

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass
class _Pass:
    """What one attempt found and did."""

    shown: Shown = field(default_factory=lambda: Shown(StoredPolicy(), None))
    revision: int = 0
    """The authority's revision before anything was adopted."""
    problems: tuple[str, ...] = ()
    update: Update | None = None
    adopted: tuple[str, ...] = ()


class Projector:
    """`Enforcer` that compares Redis with the authority's store and writes the differences.

    It does so after each change and every drift interval. The authority's store wins, except for what is stricter in
    Redis: a halt that somebody set there while MongoDB was away is adopted. `run` must be running for what could not be
    carried on at once to be tried again.
    """

    def __init__(
        self,
        authority: AuthorityStore,
        gates: Projection,
        *,
        clock: Clock,
        new_id: Callable[[], str],
        drift_seconds: float,
        metrics: ProjectionMetrics | None = None,
    ) -> None:
        self._authority = authority
        self._gates = gates
        self._clock = clock
        self._new_id = new_id
        self._drift_seconds = drift_seconds
        self._metrics = metrics
        self._turn = asyncio.Lock()
        self._unsettled = asyncio.Event()
        self._has_begun = False
        self._has_shown = False
        self._trouble: str | None = None
        self.newest: Enforcement | None = None
        """What the newest comparison came to; None before the first."""

    @property
    def is_up_to_date(self) -> bool:
        """Whether the newest comparison found or made Redis equal to the authority's store."""
        return self.newest is not None and self.newest.enforced

    async def begin(self) -> None:
        """Take over the policy that gates have from before the authority, where nothing was ever written to it.

        To be done before each write, for after the first one such a policy looks like drift. Raises
        `StoreUnreachableError` if the authority's store is away, or if it cannot be seen within about a second whether
        there is any, and `StoreUnreadableError` if gates would not believe it.
        """
        if self._has_begun:
            return
        if is_blank(await self._authority.read()):
            await self._import_in_turn()
        self._has_begun = True

    async def project(self) -> Enforcement:
        """Bring Redis up to date, within about a second, and say whether it is.

        Never raises, neither for a store that is away or unreadable nor for a fault of our own, which is logged with
        where it happened: then it is tried again until it is done.
        """
        return await self._attempt(PROMPT_SECONDS)

    async def run(self) -> None:
        """Keep Redis up to date until cancelled: soon again while something is not there, else every drift interval."""
        failures = 0
        while True:
            self._unsettled.clear()
            if (await self._attempt(_PATIENT_SECONDS)).enforced or self._trouble is None:
                failures = 0
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._drift_seconds):
                        await self._unsettled.wait()
            else:
                await asyncio.sleep(min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**failures))
                failures = min(failures + 1, 16)

    async def rebuild(self) -> Enforcement:
        """Write all of policy and control to Redis anew, whatever it shows.

        Raises `StoreUnreachableError`, and `StoreUnreadableError` naming each layer that gates would refuse.
        """
        async with self._turn:
            return await self._bring_up_to_date(afresh=True)

    async def _import_in_turn(self) -> None:
        try:
            async with asyncio.timeout(PROMPT_SECONDS), self._turn:
                if is_blank(await self._authority.read()):
                    await self._import(await self._gates.read())
        except TimeoutError as error:
            raise StoreUnreachableError(
                "it took too long to see whether gates have a policy to be taken over; nothing was written: try again"
            ) from error

    async def _attempt(self, seconds: float) -> Enforcement:
        try:
            async with asyncio.timeout(seconds), self._turn:
                enforcement = await self._bring_up_to_date()
        except TimeoutError:
            enforcement = self._postponed(f"it took longer than {seconds:g} s")
        except StrategistError as error:
            enforcement = self._postponed(str(error), refused=not isinstance(error, StoreUnreachableError))
        except Exception as error:  # noqa: BLE001
            # The change stands all the same, and the doors must stay open to correct what this fails on.
            _log.exception("projection_failed")
            enforcement = self._postponed(f"a fault of the service ({type(error).__name__}), see its log", refused=True)
        self.newest = enforcement
        return enforcement

    async def _bring_up_to_date(self, *, afresh: bool = False) -> Enforcement:
        made = _Pass()

        async def plan(shown: Shown) -> Update | None:
            made.shown = shown
            stored = await self._stored(made, afresh=afresh)
            made.problems = problems_of(stored)
            if afresh:
                made.update = _anew(stored, made)
            else:
                made.update = update_towards(stored, shown, unreadable=bool(made.problems))
            return made.update

        epoch = await self._gates.update(plan)
        self._tell(made, afresh=afresh)
        return self._enforcement(made, epoch)

    async def _stored(self, made: _Pass, *, afresh: bool) -> StoredPolicy:
        """Return what Redis should show, after taking over what is to be taken over from there."""
        shown = made.shown
        stored = await self._authority.read()
        made.revision = stored.epoch or 0
        if not afresh:
            _refuse_older(stored, shown)
        if is_blank(stored) and await self._import(shown):
            return await self._authority.read()
        self._has_begun = True
        return await self._with_adopted(stored, made)

    async def _import(self, shown: Shown) -> bool:
        # At revision 0 it is the authority's own empty policy that is shown, so anything else there is drift.
        if shown.is_empty or shown.revision == 0:
            return False
        adoption = self._adoption(shown)
        if (await self._authority.commit(lambda present: import_all(present, adoption))).change.write is not None:
            _log.warning("policy_imported", scopes=sorted(shown.policy.layers), control=sorted(shown.policy.control))
        return True

    def _adoption(self, shown: Shown) -> Adoption:
        return Adoption(shown, self._clock.now(), self._new_id)

    async def _with_adopted(self, stored: StoredPolicy, made: _Pass) -> StoredPolicy:
        """Return the authority's state once it holds every restriction that was set straight in Redis."""
        adoption = self._adoption(made.shown)
        for _ in range(_LOOKS):
            news = await self._unknown(stricter_in_redis(adoption.shown, stored, adoption.now))
            if not news:
                return stored
            decide = partial(adopt, found=news, adoption=adoption, revision=stored.epoch)
            if (await self._authority.commit(decide)).change.write is not None:
                made.adopted = (*made.adopted, *(name for control in news for name in (control.field, control.scope)))
                for control in news:
                    entry = control.entry
                    _log.warning("control_adopted", scope=control.scope, mode=entry.mode, by=entry.set_by)
            stored = await self._authority.read()
        raise ConflictError("others kept changing policy while a restriction set straight in Redis was taken over")

    async def _unknown(self, found: Sequence[StoredControl]) -> list[StoredControl]:
        """Return those that the trail does not know."""
        unknown: list[StoredControl] = []
        for control in found:
            wanted = HistoryFilter(scope=control.scope, subject=Subject.CONTROL)
            if not is_known(control, await self._authority.records(wanted, limit=_RECORDS_LOOKED_AT)):
                unknown.append(control)
        return unknown

    def _tell(self, made: _Pass, *, afresh: bool) -> None:
        has_shown, self._has_shown = self._has_shown, self._has_shown or not made.problems
        if made.update is None:
            return
        fields = [name for name in made.update.fields if name.partition("/")[2] not in made.adopted]
        lost = has_shown and made.shown.revision is None
        if not afresh and fields and (lost or made.shown.revision == made.revision):
            _log.error("projection_drift", fields=fields, revision=made.revision)
            if self._metrics is not None:
                self._metrics.drift(len(fields))
        elif made.update.counts:
            _log.info("policy_projected", fields=made.update.fields, revision=made.update.revision)

    def _enforcement(self, made: _Pass, epoch: int | None) -> Enforcement:
        if made.problems:
            carried = "control is carried on, " if made.shown.policy.epoch is not None else ""
            trouble = f"{'; '.join(made.problems)}; correct or delete it: {carried}policy in Redis stays as it was"
            return self._postponed(trouble, refused=True, epoch=epoch)
        self._settle()
        return Enforcement(enforced=True, epoch=epoch, message=f"in Redis at epoch {epoch}, where gates read it")

    def _settle(self) -> None:
        if self._trouble is not None:
            self._trouble = None
            _log.info("projection_recovered")

    def _postponed(self, trouble: str, *, refused: bool = False, epoch: int | None = None) -> Enforcement:
        if trouble != self._trouble:
            log = _log.error if refused else _log.warning
            log("projection_postponed", error=trouble)
        self._trouble = trouble
        self._unsettled.set()
        return Enforcement(
            enforced=False, epoch=epoch, message=f"not enforced yet: {trouble}; it is tried again until it is"
        )


def _anew(stored: StoredPolicy, made: _Pass) -> Update:
    if made.problems:
        raise StoreUnreadableError(f"gates would not believe this: {'; '.join(made.problems)}; correct or delete it")
    return written_afresh(stored, made.shown)


def _refuse_older(stored: StoredPolicy, shown: Shown) -> None:
    revision = stored.epoch or 0
    if shown.revision is not None and shown.revision > revision and not is_blank(stored):
        raise RefusedError(
            f"Redis shows revision {shown.revision} and MongoDB is at {revision}: it was restored from an older state, "
            "or it is another database; if its content is right, run cio-policy rebuild"
        )
