"""What can go wrong in the gate's surroundings.

NurseError
├── SettingsError            the environment is not usable: stop and tell the operator
├── TransportUnavailableError  NATS is away: nothing can be published; the connection is retried
├── JournalError             the journal is full or cannot be written: free the disk, or bring the stream back
└── StoreError               Redis did not do its part
    ├── StoreUnavailableError  away: decide under CONSERVATIVE until it is back
    │   ├── StoreConnectionLostError  perhaps only started anew: ask once more
    │   └── StoreRefusedError  there, and does not do it: read-only, out of memory, another type of value
    ├── StoreTimeoutError      too slow for this decision; whether it was carried out is unknown
    └── StoreContentError      answered, with what cannot be what was asked for: the last good values count

A veto is never an exception: it is a `Verdict`.
"""


class NurseError(Exception):
    """Root of every error the gate raises on purpose."""


class SettingsError(NurseError):
    """The environment holds a setting that cannot be used. The message lists every problem."""


class TransportUnavailableError(NurseError):
    """NATS is not connected; what was to be published has not left."""


class JournalError(NurseError):
    """The journal is full, or cannot be written or read. What was to be written is not kept."""


class StoreError(NurseError):
    """Redis did not do what it was asked."""


class StoreUnavailableError(StoreError):
    """Redis cannot be reached or refuses to serve; nothing was carried out that the caller may count on."""


class StoreConnectionLostError(StoreUnavailableError):
    """The connection broke. Redis may have been started anew, and may have come back empty."""


class StoreRefusedError(StoreUnavailableError):
    """Redis answered that it does not do this; reading may go on all the same."""


class StoreTimeoutError(StoreError):
    """Redis did not answer in time; what was asked may or may not be carried out later."""


class StoreContentError(StoreError):
    """A key of Redis holds what it cannot hold, such as another type of value; whoever wrote it has to mend it."""
