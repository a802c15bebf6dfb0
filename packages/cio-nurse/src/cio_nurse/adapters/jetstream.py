"""JetStream: whether the server offers it, and that the stream of records exists."""

# The client library types its options only in part.
# pyright: reportUnknownMemberType=false

import nats.errors
import structlog
from nats.aio.client import Client
from nats.js.errors import Error as JetStreamError
from pydantic import ValidationError

from cio_nurse.adapters.nats import NatsConnection, StreamAnswer
from cio_nurse.errors import TransportUnavailableError
from petrosa_contracts.runtime.jetstream import ensure_streams
from petrosa_contracts.streams import DECISIONS

_EXPECTED_LAST_ID = "Nats-Expected-Last-Msg-Id"
_WRONG_LAST_ID = 10070

ANSWER_SECONDS = 2.0
"""How long the server may take to say what it offers."""

_log = structlog.stdlib.get_logger()


class StreamProbe:
    """Asks the stream of records whether it would keep one, on a condition that is never met.

    The server finds the stream, and the stream looks at the message and declines it by that condition alone, so
    nothing is stored. Whether its disk has room is not told. The record is wrapped, so that who listens on the subject
    itself does not take it for a decision.
    """

    def __init__(self, connection: NatsConnection, *, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds

    async def refusal_of(self, subject: str, payload: bytes, record_id: str) -> str:
        """Return why the stream would not keep a record; empty if it would."""
        headers = {_EXPECTED_LAST_ID: f"{record_id}:never"}
        body = b'{"self_check":' + payload + b"}"
        try:
            data = await self._connection.ask(subject, body, seconds=self._seconds, headers=headers)
        except TransportUnavailableError as error:
            return str(error)
        try:
            answer = StreamAnswer.model_validate_json(data)
        except ValidationError:
            return f"the answer of the stream cannot be read: {data[:80]!r}"
        if answer.error is None:
            return "whoever answers has taken what no stream of records takes"
        return "" if answer.error.err_code == _WRONG_LAST_ID else answer.error.description


class RecordStream:
    """The stream that keeps the records of decisions."""

    def __init__(self) -> None:
        self._offered = False
        self._stands = False

    @property
    def offered(self) -> bool:
        """Whether a server has ever offered JetStream; it counts from then on, whatever a later server says."""
        return self._offered

    @property
    def stands(self) -> bool:
        """Whether the stream was there when last looked for."""
        return self._stands

    async def prepare(self, client: Client) -> None:
        """Make the stream unless it exists. Never raises: what is missing shows in records that are not kept."""
        jetstream = client.jetstream(timeout=ANSWER_SECONDS)
        self._stands = False
        try:
            await jetstream.account_info()
            self._offered = True
            differences = await ensure_streams(jetstream, (DECISIONS,))
        except (JetStreamError, nats.errors.Error, TimeoutError, OSError, RuntimeError) as error:
            level = _log.error if self._offered else _log.warning
            level("record_stream_unavailable", stream=DECISIONS.name, error=repr(error))
            return
        self._stands = True
        for each in differences:
            _log.warning("stream_differs", stream=each.stream, what=each.what, wanted=each.wanted, found=each.found)
