"""JetStream: whether the server offers it, and that the stream of records exists."""

# The client library types its options only in part.
# pyright: reportUnknownMemberType=false

import nats.errors
import structlog
from nats.aio.client import Client
from nats.js.errors import Error as JetStreamError

from petrosa_contracts.jetstream import ensure_streams
from petrosa_contracts.streams import DECISIONS

ANSWER_SECONDS = 2.0
"""How long the server may take to say what it offers."""

_log = structlog.stdlib.get_logger()


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
