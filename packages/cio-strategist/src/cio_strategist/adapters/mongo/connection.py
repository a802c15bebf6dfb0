"""One client of MongoDB: its time limits, its transactions, and its errors in our words."""

# The client library leaves parts of its interface without types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias, TypeVar, cast

import structlog
from bson.errors import BSONError
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession, AsyncIOMotorDatabase
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern
from pymongo.topology_description import TopologyDescription
from pymongo.write_concern import WriteConcern

from cio_strategist.adapters.mongo.indexes import prepare
from cio_strategist.errors import ConflictError, StoreUnreachableError, StoreUnreadableError, UsageError

T = TypeVar("T")
Database: TypeAlias = AsyncIOMotorDatabase[dict[str, Any]]
Session: TypeAlias = AsyncIOMotorClientSession

ATTEMPTS = 16
"""How often a transaction is tried while other writers get in between."""
ANSWER_SECONDS = 5.0
"""How long an answer may take where somebody waits for it."""
PATIENT_SECONDS = 30.0
"""The same for the audit chain, where it may be the work of a while and nobody waits."""

_SELECTION_MS = 1500
_CONNECT_MS = 1500
_HEARTBEAT_MS = 1000  # how often a server that is away is looked for
_FIRST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.1
_BAD_LOGIN = {13, 18, 8000}
_NO_REPLICA_SET = 20
_TRANSIENT = "TransientTransactionError"
_NOTHING_WRITTEN = "; nothing was written"
_UNKNOWN_COMMIT = "UnknownTransactionCommitResult"

_jitter = random.SystemRandom()
_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class OvertakenError(Exception):
    """Another writer was faster; the transaction is worth another attempt."""


class MongoConnection:
    """A client and one database of it. Everything here raises the errors of this package alone."""

    def __init__(self, client: AsyncIOMotorClient[dict[str, Any]], database: str) -> None:
        self._client = client
        self.database: Database = client.get_default_database(database)
        self._abandoned: set[asyncio.Task[Any]] = set()
        self._preparing = asyncio.Lock()
        self._prepared = False

    @property
    def where(self) -> str:
        """The servers and the database, fit to be shown."""
        servers = ",".join(f"{host}:{port}" for host, port in sorted(self._topology.server_descriptions()))
        return f"MongoDB at {servers or 'an unknown address'}, database {self.database.name}"

    async def read(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Do `work`, which only reads, on one moment's state.

        Raises `StoreUnreachableError` at once while every server is known to be away.
        """
        self.look()
        return await self._repeat(work, writes=False)

    async def write(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Do `work` as one transaction, again and again while other writers get in between.

        `work` may abort it by `Session.abort_transaction` and return; what it raises aborts it too. Raises
        `ConflictError` after `ATTEMPTS`, and `StoreUnreachableError` if MongoDB goes away, saying whether the change
        may have been written.
        """
        # Writers wait in line for each other: not each of them for a server that is known to be away.
        self.look(_NOTHING_WRITTEN)
        await self._prepare()
        return await self._repeat(work, writes=True)

    async def ask(self, question: Callable[[Database], Awaitable[T]]) -> T:
        """Ask a single question or do a single change that needs no transaction."""
        self.look()
        with self.translating():
            return await question(self.database)

    def look(self, consequence: str = "") -> None:
        """Raise `StoreUnreachableError`, saying `consequence`, while every server is known to be away."""
        servers = self._topology.server_descriptions().values()
        if servers and all(server.error is not None and not server.is_server_type_known for server in servers):
            raise self._away(next(iter(servers)).error, consequence)

    @contextmanager
    def translating(self, *, writes: bool = False) -> Generator[None]:
        """Turn the client's errors into ours; where something `writes`, they say that nothing was written."""
        try:
            yield
        except OvertakenError:
            raise
        except OperationFailure as error:
            raise self._refused(error) from error
        except ConnectionFailure as error:
            raise self._away(error, _NOTHING_WRITTEN if writes else "") from error
        except PyMongoError as error:
            raise StoreUnreadableError(f"{self.where} cannot be used: {_first_line(error)}") from error
        except (BSONError, OverflowError) as error:
            raise UsageError(f"this cannot be stored in MongoDB: {_first_line(error)}") from error

    @property
    def _topology(self) -> TopologyDescription:
        return cast("TopologyDescription", self._client.topology_description)

    async def _prepare(self) -> None:
        async with self._preparing:
            if not self._prepared:
                with self.translating():
                    await prepare(self.database)
                self._prepared = True

    async def close(self) -> None:
        """Let what was abandoned come to its end, which the time limits bound, and close all connections."""
        if self._abandoned:
            await asyncio.wait(self._abandoned)
        self._client.close()

    async def _repeat(self, work: Callable[[Session], Awaitable[T]], *, writes: bool) -> T:
        for number in range(ATTEMPTS):
            try:
                with self.translating(writes=writes):
                    return await self._to_its_end(self._attempt(work, writes=writes))
            except OvertakenError:
                pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**number)
                await asyncio.sleep(_jitter.uniform(0, pause))
        raise ConflictError(
            f"others kept changing policy or control in {self.where}; nothing was written: "
            "look what changed and try again"
        )

    async def _to_its_end(self, attempt: Coroutine[Any, Any, T]) -> T:
        """Await `attempt`, which goes on to its end even if whoever asked is cancelled.

        The client runs its calls in threads that cannot be cancelled, and a session must not be used beside one that
        still runs.
        """
        task = asyncio.ensure_future(attempt)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._abandoned.add(task)
            task.add_done_callback(self._abandoned_ended)
            raise

    def _abandoned_ended(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("abandoned_attempt_failed", error=_first_line(error))

    async def _attempt(self, work: Callable[[Session], Awaitable[T]], *, writes: bool) -> T:
        try:
            async with self._transaction(writes=writes) as session:
                return await work(session)
        except PyMongoError as error:
            if _is_conflict(error):
                raise OvertakenError from error
            raise

    @asynccontextmanager
    async def _transaction(self, *, writes: bool) -> AsyncGenerator[Session]:
        async with await self._client.start_session() as session:
            session.start_transaction(read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority"))
            try:
                yield session
            except BaseException:
                await _abort(session)
                raise
            if not writes:
                await _abort(session)
            elif _open_in(session):
                await self._commit(session)

    async def _commit(self, session: Session) -> None:
        try:
            await session.commit_transaction()
        except PyMongoError as error:
            if _is_conflict(error):
                raise
            if error.has_error_label(_UNKNOWN_COMMIT) or isinstance(error, ConnectionFailure):
                raise StoreUnreachableError(
                    f"{self.where} went away during the change: look whether it was written before trying again, "
                    "or repeat the request with the same idempotency key"
                ) from error
            raise

    def _away(self, error: Exception | None, consequence: str = "") -> StoreUnreachableError:
        return StoreUnreachableError(
            f"{self.where} cannot be reached ({_first_line(error)}): "
            f"start it, or point MONGODB_URI at the right one{consequence}"
        )

    def _refused(self, error: OperationFailure) -> StoreUnreachableError | StoreUnreadableError:
        if error.code in _BAD_LOGIN:
            return StoreUnreachableError(
                f"{self.where} does not let us in ({_first_line(error)}): correct the credentials in MONGODB_URI"
            )
        if error.code == _NO_REPLICA_SET:
            return StoreUnreadableError(f"{self.where} has no transactions: make it a replica set, be it of one server")
        return StoreUnreadableError(f"{self.where} refuses: {_first_line(error)}")


@asynccontextmanager
async def connect(
    uri: str, database: str, *, retry_writes: bool = True, answer_seconds: float = ANSWER_SECONDS
) -> AsyncGenerator[MongoConnection]:
    """Open one client and close it afterwards. Connects in the background, so that MongoDB may be away.

    The database that the URI names wins over `database`. Without `retry_writes`, a write that a lost connection
    interrupts is not sent again behind our back. One answer may take `answer_seconds`. Raises `UsageError` for a URI or
    name that cannot be.
    """
    try:
        client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
            uri,
            tz_aware=True,
            appname="cio-strategist",
            serverSelectionTimeoutMS=_SELECTION_MS,
            connectTimeoutMS=_CONNECT_MS,
            socketTimeoutMS=round(answer_seconds * 1000),
            heartbeatFrequencyMS=_HEARTBEAT_MS,
            retryWrites=retry_writes,
            # What other engines stored must not make reading fail as a whole.
            datetime_conversion="DATETIME_AUTO",
            unicode_decode_error_handler="replace",
        )
    except (ConfigurationError, ValueError):
        # Its text may repeat parts of the URI.
        raise UsageError(
            "MONGODB_URI cannot be used: write mongodb://host:27017/ or mongodb+srv://host/, "
            "with special characters of the password percent-encoded"
        ) from None
    connection = _open(client, database)
    try:
        yield connection
    finally:
        await connection.close()


def _open(client: AsyncIOMotorClient[dict[str, Any]], database: str) -> MongoConnection:
    try:
        return MongoConnection(client, database)
    except PyMongoError:
        client.close()
        raise UsageError(f"{database[:64]!r} cannot be the name of a database: correct MONGODB_DATABASE") from None


async def _abort(session: Session) -> None:
    if _open_in(session):
        await session.abort_transaction()


def _open_in(session: Session) -> bool:
    return cast("bool", session.in_transaction)  # a property, whatever its type hint says


def _is_conflict(error: PyMongoError) -> bool:
    # A lost connection carries the label too; but then it is the server that is missing, not a turn.
    return error.has_error_label(_TRANSIENT) and not isinstance(error, ConnectionFailure)


def _first_line(error: BaseException | None) -> str:
    text = str(error or "no answer")
    for rest in (", Timeout:", ", full error:", " (configured timeouts:"):
        text = text.partition(rest)[0]
    return text.splitlines()[0][:300] if text else type(error).__name__
