"""A short conversation with a server over a plain socket, to learn whether it truly answers."""

import socket
from collections.abc import Generator
from contextlib import contextmanager
from io import BufferedRWPair

from devstack.ports import LOOPBACK

PATIENCE = 0.5
"""Seconds that a server has for each part of an answer. It is asked again, so this is no limit on its start."""

LINE_LIMIT = 65536
"""Bytes of the longest line that is read."""


@contextmanager
def conversation(port: int) -> Generator[BufferedRWPair]:
    """Connect to a port of 127.0.0.1 and yield a byte stream; raises OSError when nobody answers in time."""
    with (
        socket.create_connection((LOOPBACK, port), timeout=PATIENCE) as connection,
        connection.makefile("rwb") as stream,
    ):
        yield stream
