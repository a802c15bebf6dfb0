"""Everything that this package raises on purpose.

StrategistError
├── UsageError              the command or the settings are wrong: correct them
├── RejectedError           a value breaks the catalogue: choose another
├── RefusedError            understood, and not done from here: the sentence says what to do instead
├── ConflictError           somebody else changed it meanwhile: look, then decide again
├── StoreUnreadableError    what is stored is not what belongs there: repair it
└── StoreUnreachableError   the store does not answer: retry when it does
"""

from collections.abc import Sequence

from petrosa_contracts import ParameterError


class StrategistError(Exception):
    """Root of the tree. Its text is one sentence for the operator, free of credentials."""


class UsageError(StrategistError):
    """The command line or the environment cannot be understood."""


class RejectedError(StrategistError):
    """Values that the catalogue does not allow. Nothing was written."""

    def __init__(self, errors: Sequence[ParameterError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = tuple(errors)
        """Every error found, not only the first."""


class RefusedError(StrategistError):
    """A change that is understood and not done. Nothing was written."""


class ConflictError(StrategistError):
    """Another writer was faster. Nothing was written."""


class StoreUnreadableError(StrategistError):
    """Stored content of the wrong kind, which no command here would ever write."""


class StoreUnreachableError(StrategistError):
    """Redis cannot be reached, does not let us in, or went away."""
