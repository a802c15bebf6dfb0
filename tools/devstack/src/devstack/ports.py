"""Free ports on loopback."""

import os
import socket
import sys
import weakref

LOOPBACK = "127.0.0.1"


class ReservedPort:
    """A TCP port of 127.0.0.1 that nobody listens on, kept for us where the system allows it.

    `number` 0 asks the kernel for any free port; another number is that port, and OSError is raised if somebody listens
    on it. On Linux a bound socket that never listens then holds the port: a server that sets SO_REUSEADDR (all of ours
    do) can still listen on it, but the kernel gives it to nobody else, neither now nor while the server is stopped.
    Without it, a client that keeps reconnecting to the stopped server can be given that very port as its own, and so
    block it.
    """

    def __init__(self, number: int = 0) -> None:
        with socket.socket() as claim:
            if number:
                claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            claim.bind((LOOPBACK, number))
            # Set only now for a port of the kernel's choice, so that it does not choose one that is already claimed.
            claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.number: int = claim.getsockname()[1]
            if sys.platform == "linux":
                self._finalizer = weakref.finalize(self, os.close, claim.detach())

    def release(self) -> None:
        """Give the port back; doing it again does nothing."""
        if sys.platform == "linux":
            self._finalizer()


def is_listened_on(number: int) -> bool:
    """Whether some process listens on this port of 127.0.0.1."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((LOOPBACK, number))
        except OSError:
            return True
    return False
