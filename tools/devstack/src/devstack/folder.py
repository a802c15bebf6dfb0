"""The temporary folder of a stack."""

import tempfile
from pathlib import Path

from devstack.attendant import Attendant
from devstack.errors import FolderError

_REMOVAL_TIMEOUT = 10.0


class StackFolder:
    """A new temporary folder that is removed with the stack, also when this process is killed.

    `FolderError` is raised when it cannot be made. `path` is absolute.
    """

    def __init__(self) -> None:
        parent = Path(tempfile.gettempdir()).resolve()
        self._keeper = Attendant("_keeper.py", str(parent), folder=parent)
        word, rest = self._keeper.read_reply()
        if word != "folder":
            self.remove()
            raise FolderError(rest or "the process that makes it has ended")
        self.path = Path(rest)

    @property
    def held_fd(self) -> int:
        """The descriptor that every process using the folder must hold; the folder stays until all have closed it."""
        return self._keeper.lifeline

    def remove(self) -> None:
        """Remove the folder once the processes in it have ended, and wait for that, at most 10 seconds."""
        self._keeper.let_go()
        self._keeper.wait(_REMOVAL_TIMEOUT)
        self._keeper.close()
