"""Policy, control, the trail, proposals and answers in MongoDB."""

# The client library leaves parts of its interface without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from cio_strategist.adapters.mongo import collections
from cio_strategist.adapters.mongo.audit_documents import (
    NEWEST_FIRST,
    audit_document,
    history_query,
    loosened_query,
    read_audit,
    read_loosened,
    version_query,
)
from cio_strategist.adapters.mongo.config_documents import FoundConfig, read_configs, write_config
from cio_strategist.adapters.mongo.connection import Database, MongoConnection, OvertakenError, Session
from cio_strategist.adapters.mongo.indexes import ANSWER_LASTS_SECONDS
from cio_strategist.adapters.mongo.own_documents import (
    answer_document,
    control_document,
    proposal_document,
    read_answer,
    read_controls,
    read_pending,
    read_proposal,
    read_versions,
)
from cio_strategist.adapters.mongo.values import read_count
from cio_strategist.domain.policy.audit import AuditRecord, HistoryFilter
from cio_strategist.domain.policy.loosening import WINDOW
from cio_strategist.domain.policy.proposal import Proposal, ProposalStatus
from cio_strategist.domain.policy.stored import Answer, StoredPolicy, Write
from cio_strategist.errors import ConflictError, StoreUnreadableError
from cio_strategist.ports import ChangeT, Clock, Committed

_POLICY_ID = "policy"
_MARGIN = timedelta(minutes=1)  # a decision is made a little before its transaction reads
_ANSWER_LASTS = timedelta(seconds=ANSWER_LASTS_SECONDS)


@dataclass(frozen=True, slots=True)
class _Found:
    policy: StoredPolicy
    configs: Mapping[str, FoundConfig]


class MongoPolicyStore:
    """`PolicyStore` and `History` on MongoDB; `open_authority` builds it.

    Every change is one transaction that reads everything, asks for a decision, and counts the revision on only from
    what was read; so writers come one after the other.
    """

    def __init__(self, connection: MongoConnection, clock: Clock) -> None:
        self._connection = connection
        self._database = connection.database
        self._clock = clock
        self._turn = asyncio.Lock()

    async def read(self) -> StoredPolicy:
        """Return everything stored, all of one moment."""
        return (await self._connection.read(self._found)).policy

    async def commit(self, decide: Callable[[StoredPolicy], ChangeT]) -> Committed[ChangeT]:
        """Ask `decide` what to write, given what is stored, and write that whole or not at all.

        Besides what the port says, raises `ConflictError` where the answer to write was given meanwhile, and
        `UsageError` for values that MongoDB cannot hold.
        """

        async def work(session: Session) -> Committed[ChangeT]:
            found = await self._found(session)
            change = decide(found.policy)
            if change.write is None:
                await session.abort_transaction()
                return Committed(change, found.policy.epoch)
            return Committed(change, await self._write(found, change.write, session))

        # Writers of this process wait for each other instead of getting in each other's way.
        async with self._turn:
            return await self._connection.write(work)

    async def records(self, wanted: HistoryFilter, *, limit: int) -> Sequence[AuditRecord]:
        """Return the newest records that fit, newest first."""
        query = history_query(wanted)

        async def ask(database: Database) -> list[dict[str, Any]]:
            found = database[collections.AUDIT].find(query).sort(NEWEST_FIRST).limit(max(1, limit))
            return await found.to_list(None)

        return [read_audit(document) for document in await self._connection.ask(ask)]

    async def record(self, audit_id: str) -> AuditRecord | None:
        """Return one record; of older engines by the text of its id."""
        ids: list[Any] = [audit_id]
        if ObjectId.is_valid(audit_id):
            ids.append(ObjectId(audit_id))
        document = await self._one(collections.AUDIT, {"_id": {"$in": ids}})
        return None if document is None else read_audit(document)

    async def at_version(self, scope: str, version: int) -> AuditRecord | None:
        """Return the record that made this version of a scope, the newest where older engines gave it twice."""
        query = version_query(scope, version)
        document = await self._connection.ask(
            lambda database: database[collections.AUDIT].find_one(query, sort=NEWEST_FIRST)
        )
        return None if document is None else read_audit(document)

    async def proposals(self, status: ProposalStatus | None, *, limit: int) -> Sequence[Proposal]:
        """Return proposals, newest first. Raises `StoreUnreadableError` if one is damaged."""
        query = {} if status is None else {"status": status.value}

        async def ask(database: Database) -> list[dict[str, Any]]:
            found = database[collections.PROPOSALS].find(query)
            return await found.sort([("proposed_at", -1), ("_id", -1)]).limit(max(1, limit)).to_list(None)

        return [read_proposal(document) for document in await self._connection.ask(ask)]

    async def proposal(self, proposal_id: str) -> Proposal | None:
        """Return one proposal. Raises `StoreUnreadableError` if it is damaged."""
        document = await self._one(collections.PROPOSALS, {"_id": proposal_id})
        return None if document is None else read_proposal(document)

    async def answer(self, key: str) -> Answer | None:
        """Return what was answered to a request that carried this idempotency key, within a day."""
        document = await self._one(collections.ANSWERS, {"_id": key})
        answer = None if document is None else read_answer(document)
        return None if answer is None or answer.at <= self._clock.now() - _ANSWER_LASTS else answer

    async def _one(self, collection: str, query: dict[str, Any]) -> dict[str, Any] | None:
        return await self._connection.ask(lambda database: database[collection].find_one(query))

    async def _found(self, session: Session) -> _Found:
        state = await self._database[collections.STATE].find_one({"_id": _POLICY_ID}, session=session)
        configs = read_configs({name: await self._all(name, session) for name in collections.CONFIGS})
        recent = loosened_query(self._clock.now() - WINDOW - _MARGIN)
        return _Found(
            StoredPolicy(
                epoch=_revision(state),
                layers={key: found.text for key, found in configs.items()},
                versions=read_versions(await self._all(collections.VERSIONS, session)),
                control=read_controls(await self._all(collections.CONTROL, session)),
                loosened=read_loosened(await self._all(collections.AUDIT, session, recent)),
                pending=read_pending(
                    await self._all(collections.PROPOSALS, session, {"status": ProposalStatus.PENDING.value})
                ),
            ),
            configs,
        )

    async def _all(self, name: str, session: Session, query: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        return await self._database[name].find(query or {}, session=session).to_list(None)

    async def _write(self, found: _Found, write: Write, session: Session) -> int:
        revision = await self._count_on(found.policy.epoch, session)
        for key, text in write.layers.items():
            await self._write_layer(key, text, found.configs.get(key), session)
        versions, control = self._database[collections.VERSIONS], self._database[collections.CONTROL]
        for key, version in write.versions.items():
            await versions.replace_one({"_id": key}, {"_id": key, "version": version}, upsert=True, session=session)
        for key, text in write.control.items():
            if text is None:
                await control.delete_one({"_id": key}, session=session)
            else:
                await control.replace_one({"_id": key}, control_document(key, text), upsert=True, session=session)
        await self._write_trail(write, revision, session)
        return revision

    async def _count_on(self, revision: int | None, session: Session) -> int:
        state = self._database[collections.STATE]
        following = (revision or 0) + 1
        if revision is None:
            try:
                await state.insert_one({"_id": _POLICY_ID, "revision": following}, session=session)
            except DuplicateKeyError as error:
                raise OvertakenError from error
            return following
        same = {"_id": _POLICY_ID, "revision": revision}
        counted = await state.update_one(same, {"$set": {"revision": following}}, session=session)
        if counted.matched_count != 1:
            raise OvertakenError
        return following

    async def _write_layer(self, key: str, text: str | None, found: FoundConfig | None, session: Session) -> None:
        config = write_config(key, text, found)
        for place in config.removed:
            await self._database[place.collection].delete_one({"_id": place.id}, session=session)
        if config.kept is not None:
            kept = {"_id": config.kept.id}
            await self._database[config.kept.collection].replace_one(kept, config.document, session=session)
        elif config.collection is not None:
            await self._database[config.collection].insert_one(config.document, session=session)

    async def _write_trail(self, write: Write, revision: int, session: Session) -> None:
        records = write.also_audit if write.audit is None else (write.audit, *write.also_audit)
        for record in records:
            document = audit_document(record, revision=revision)
            await self._database[collections.AUDIT].insert_one(document, session=session)
        proposals = self._database[collections.PROPOSALS]
        for proposal in write.proposals:
            document = proposal_document(proposal)
            await proposals.replace_one({"_id": proposal.id}, document, upsert=True, session=session)
        if write.answer is not None:
            await self._write_answer(write.answer, session)

    async def _write_answer(self, answer: Answer, session: Session) -> None:
        answers = self._database[collections.ANSWERS]
        # The database removes old answers when it gets to it.
        old = {"_id": answer.key, "at": {"$lte": self._clock.now() - _ANSWER_LASTS}}
        await answers.delete_one(old, session=session)
        try:
            await answers.insert_one(answer_document(answer), session=session)
        except DuplicateKeyError as error:
            raise ConflictError(
                "the same request was answered meanwhile; nothing more was written: ask again for its answer"
            ) from error


def _revision(state: Mapping[str, Any] | None) -> int | None:
    if state is None:
        return None
    revision = read_count(state.get("revision"))
    if revision is None or revision < 0:
        raise StoreUnreadableError(
            f"{collections.STATE} holds the revision {state.get('revision')!r}, which is no count: correct it"
        )
    return revision
