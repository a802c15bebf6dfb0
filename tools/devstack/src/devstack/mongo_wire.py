"""As much of the MongoDB wire protocol as it takes to ask a server one question.

Written after the public descriptions of OP_MSG (a 16-byte header, flags, one section of kind 0) and of BSON.
"""

import struct

from devstack.probing import conversation

Scalar = float | int | str | bool | None

OP_MSG = 2013
_HEADER = struct.Struct("<iiii")
_ENVELOPE = struct.Struct("<IB")
_LARGEST_REPLY = 1 << 20
_SCALARS = {0x01: struct.Struct("<d"), 0x08: struct.Struct("<?"), 0x10: struct.Struct("<i"), 0x12: struct.Struct("<q")}
_STRING = 0x02
_NULL = 0x0A
_FIXED_SIZES = {0x07: 12, 0x09: 8, 0x11: 8}
_SIZE_PREFIXED = {0x03: 0, 0x04: 0, 0x05: 5}
"""Bytes to add to the size that such a value begins with: a document counts itself, a binary only its content."""


def ask(port: int, command: str) -> dict[str, Scalar]:
    """Run a command without arguments on the `admin` database at 127.0.0.1 and return the reply's scalar fields.

    Raises OSError when nobody answers in time and ValueError when the answer is not of this protocol.
    """
    with conversation(port) as stream:
        stream.write(encode_question(command))
        stream.flush()
        header = stream.read(_HEADER.size)
        if len(header) < _HEADER.size:
            raise ValueError("the connection ended before an answer came")
        length, _, _, kind = _HEADER.unpack(header)
        if kind != OP_MSG or not _HEADER.size < length <= _LARGEST_REPLY:
            raise ValueError("the answer is not an OP_MSG of a sensible size")
        body = stream.read(length - _HEADER.size)
    return decode_scalars(body[_ENVELOPE.size :])


def encode_question(command: str) -> bytes:
    """Return the OP_MSG for `{command: 1, $db: "admin"}`."""
    database = b"admin\0"
    fields = b"\x10" + command.encode() + b"\0" + struct.pack("<i", 1)
    fields += b"\x02$db\0" + struct.pack("<i", len(database)) + database
    document = struct.pack("<i", len(fields) + 5) + fields + b"\0"
    content = _ENVELOPE.pack(0, 0) + document
    return _HEADER.pack(_HEADER.size + len(content), 1, 0, OP_MSG) + content


def decode_scalars(document: bytes) -> dict[str, Scalar]:
    """Return the numbers, strings, booleans and nulls at the top of a BSON document, leaving out everything else.

    Raises ValueError when the bytes are cut short or hold a type that servers do not use in their answers.
    """
    try:
        return _decode(document)
    except (struct.error, IndexError, ValueError) as error:
        raise ValueError(f"not a readable BSON document: {error}") from error


def _decode(document: bytes) -> dict[str, Scalar]:
    fields: dict[str, Scalar] = {}
    position = 4
    while (kind := document[position]) != 0:
        end_of_name = document.index(b"\0", position + 1)
        name = document[position + 1 : end_of_name].decode()
        position = end_of_name + 1
        if kind in _SCALARS:
            (fields[name],) = _SCALARS[kind].unpack_from(document, position)
        elif kind == _STRING:
            fields[name] = document[position + 4 : position + _size(kind, document, position) - 1].decode()
        elif kind == _NULL:
            fields[name] = None
        position += _size(kind, document, position)
    return fields


def _size(kind: int, document: bytes, position: int) -> int:
    if kind in _SCALARS:
        return _SCALARS[kind].size
    if kind == _NULL:
        return 0
    if kind in _FIXED_SIZES:
        return _FIXED_SIZES[kind]
    (counted,) = struct.unpack_from("<i", document, position)
    if counted < 0:
        raise ValueError("a BSON value has a negative size")
    if kind == _STRING:
        return counted + 4
    if kind in _SIZE_PREFIXED:
        return counted + _SIZE_PREFIXED[kind]
    raise ValueError(f"BSON type {kind:#04x} is not expected in a server's answer")
