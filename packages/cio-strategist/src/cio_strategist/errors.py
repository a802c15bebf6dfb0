"""Everything that this package raises on purpose.

StrategistError
├── UsageError              the command or the settings are wrong: correct them
├── RejectedError           a value breaks the catalogue: choose another
├── RefusedError            understood, and not done from here: the sentence says what to do instead
│   ├── UnauthenticatedError    nobody was recognised: send a token that is valid
│   ├── ForbiddenError          somebody was, and may not: ask whoever may
│   ├── PrimalLimitError        beyond a hard ceiling: nobody may, choose a value within it
│   │   └── PrimalTouchedError      it meant the ceiling itself: change the signed file instead
│   ├── SecondFactorError       the code is missing, wrong or used up: give the next one
│   ├── RateLimitedError        too many writes: wait as long as it says
│   └── BusyError               it is done one at a time, and one is under way: wait as long as it says
├── NotFoundError           there is nothing of that name: look what there is
├── ConflictError           somebody else changed it meanwhile: look, then decide again
├── StoreUnreadableError    what is stored is not what belongs there: repair it
├── StoreUnreachableError   the store does not answer: retry when it does
├── EntriesLostError        the store lost what it had acknowledged: look what it still has, and go on from there
├── TransportUnavailableError  NATS is away: what was to be published did not leave
├── ExchangeUnavailableError   the exchange does not answer, or asks for a pause: ask again when it says
├── BotError                a bot of the fleet does not answer, or not sensibly: look at the bot
├── WorkerLostError         a process that worked for this one was killed: see to memory, then start again
└── RoleFailedError         a role of the process ended by itself: look into the log, start it again
"""

from collections.abc import Sequence

from petrosa_contracts import ParameterError
from petrosa_contracts.primal.bounds import Excess, in_words


class StrategistError(Exception):
    """Root of the tree. Its text is one sentence for the operator, free of credentials."""


class UsageError(StrategistError):
    """The command line, a request or the environment cannot be understood."""


class RejectedError(StrategistError):
    """Values that the catalogue does not allow. Nothing was written."""

    def __init__(self, errors: Sequence[ParameterError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = tuple(errors)
        """Every error found, not only the first."""


class RefusedError(StrategistError):
    """A change that is understood and not done. Nothing was written."""


class UnauthenticatedError(RefusedError):
    """No token, or one that is unknown, expired or revoked."""


class ForbiddenError(RefusedError):
    """A caller without the permission that this needs."""


class PrimalLimitError(RefusedError):
    """What is beyond a primal limit, or would change one. Nothing was written but, where there is a trail, a record."""

    def __init__(self, excesses: Sequence[Excess], message: str | None = None) -> None:
        super().__init__(message or f"{in_words(excesses)}; nothing was written")
        self.excesses = tuple(excesses)
        """Every value that is beyond a limit, not only the first."""
        self.audit_id: str | None = None
        """Id of the attempt's record, once it is in the trail; None for what was only asked about."""


class PrimalTouchedError(PrimalLimitError):
    """An attempt to change the primal limits themselves."""


class SecondFactorError(RefusedError):
    """A second factor that is missing, wrong, used already or locked. Nothing was written."""

    def __init__(self, message: str, *, why: str = "refused") -> None:
        super().__init__(message)
        self.why = why
        """In a word: missing, malformed, wrong, used, locked or not_configured."""


class RateLimitedError(RefusedError):
    """More writes than a caller may make in a while."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        """Seconds after which a write is taken again, at least 1."""


class BusyError(RefusedError):
    """Heavy work of which there is one at a time, while one is under way."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        """Seconds after which asking again makes sense, at least 1."""


class NotFoundError(StrategistError):
    """No such scope, version, audit record, proposal, token or bot."""


class ConflictError(StrategistError):
    """Another writer was faster. Nothing was written."""

    def __init__(self, message: str, *, current_version: int | None = None) -> None:
        super().__init__(message)
        self.current_version = current_version
        """Version that the scope is at, where one scope is concerned."""


class StoreUnreadableError(StrategistError):
    """Stored content of the wrong kind, which no command here would ever write."""


class StoreUnreachableError(StrategistError):
    """Redis or MongoDB cannot be reached, does not let us in, or went away."""


class EntriesLostError(StrategistError):
    """The store has lost entries since somebody looked what is still to be added. Nothing was written."""


class TransportUnavailableError(StrategistError):
    """NATS is not connected, or went away meanwhile."""


class ExchangeUnavailableError(StrategistError):
    """The exchange, or another source of market facts, does not answer, answers nonsense, or asks for a pause."""

    def __init__(self, message: str, *, retry_after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        """Seconds for which asking again would do harm; 0 where nothing is known."""


class BotError(StrategistError):
    """A registered bot is away, too slow, or answers what cannot be understood."""


class WorkerLostError(StrategistError):
    """A process that worked for this one was killed, by the system or by somebody."""


class RoleFailedError(StrategistError):
    """A role of the process raised, or ended without being told to; the process ends with it."""
