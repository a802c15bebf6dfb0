"""What can go wrong, by what to do about it.

CanaryError
├── RefusedError          nothing was sent; the sentence says what is missing
├── RejectedError         the exchange understood and said no: `code` says why, asking again as it is does not help
├── UnavailableError      no usable answer; `maybe_done` tells whether the exchange may have acted all the same
│   └── PartlyReadError   a list of positions with rows that cannot be read: `found` are the others
└── OutOfTimeError        the time given for the whole run is over
"""

from canary.model import Position


class CanaryError(Exception):
    """The root: its text is one sentence for the person at the keyboard."""


class RefusedError(CanaryError):
    """Nothing was sent, because something needed is missing or contradicts itself."""


class RejectedError(CanaryError):
    """The exchange refused one request; `code` is its own error number, 0 if it gave none."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"the exchange refused: {message} ({code})")
        self.code = code
        self.message = message


class UnavailableError(CanaryError):
    """No usable answer to one request; with `maybe_done` the exchange may have carried it out."""

    def __init__(self, message: str, *, maybe_done: bool) -> None:
        super().__init__(message)
        self.maybe_done = maybe_done
        self.expires_at = 0.0
        """The monotonic second from which on the exchange refuses the request for its age, should it still arrive."""


class PartlyReadError(UnavailableError):
    """Some positions could not be read: `found` can be closed, but never prove that nothing else is open."""

    def __init__(self, message: str, found: tuple[Position, ...]) -> None:
        super().__init__(message, maybe_done=True)
        self.found = found


class OutOfTimeError(CanaryError):
    """The time given for the whole run is over."""
