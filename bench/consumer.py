"""Reads signals as an engine would and does nothing with them: `python -m bench.consumer HOST PORT SUBJECT...`.

Without a subscriber the server tells the gate that nobody takes its signals, and every approval would be undone. It
speaks the protocol by itself and looks at no message, to leave the core to what is measured.
"""

import select
import socket
import sys

_CHUNK = 1 << 18
_PING = b"PING\r\n"


def consume(host: str, port: int, names: list[str]) -> None:
    """Read what is published on the subjects `names` until standard input or the connection ends."""
    with socket.create_connection((host, port)) as connection:
        subscriptions = "".join(f"SUB {name} {number}\r\n" for number, name in enumerate(names, 1))
        connection.sendall(b'CONNECT {"verbose":false}\r\n' + subscriptions.encode() + _PING)
        seen = b""
        while b"PONG\r\n" not in seen:
            seen += connection.recv(_CHUNK)
        print("ready", flush=True)
        tail = b""
        while sys.stdin not in select.select([connection, sys.stdin], [], [])[0]:
            chunk = connection.recv(_CHUNK)
            if not chunk:
                return
            # A payload that holds these letters earns the server one answer too many, which it ignores.
            if _PING in tail + chunk:
                connection.sendall(b"PONG\r\n")
            tail = chunk[1 - len(_PING) :]


if __name__ == "__main__":
    consume(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
