"""Bodies of calls and replies: a line with the length of each part, and the parts, one directly after the other.

::

    45 38 5
    {"kind":"event",...}[{"_placeholder":true,"num":0}]<5 bytes>

The first part is an object, the second a list of arguments; the others are its bytes, as in a binary packet of Socket.IO.
``src/edge/body.ts`` is the other side.
"""

from __future__ import annotations

import json
from typing import Any

from socketio.packet import Packet

from .errors import InvalidCallError

BODY_TYPE = "application/vnd.socketio-bridge"

MAX_ATTACHMENTS = 50_000
"""In one body. The same limit as on the channel."""

_MAX_LINE = 12 * MAX_ATTACHMENTS


def encode_body(head: dict[str, Any], args: list[Any]) -> bytes:
    """Encode a reply.

    Args:
        head: what JSON has.
        args: what JSON has, and bytes.

    Raises:
        TypeError: for anything else in them.

    """
    attachments: list[bytes] = []
    if Packet.data_is_binary(args):
        args, attachments = Packet.deconstruct_binary(args)
    parts = [_dump(head), _dump(args), *map(bytes, attachments)]
    line = " ".join(str(len(part)) for part in parts)
    return b"".join([line.encode(), b"\n", *parts])


def decode_body(body: bytes) -> tuple[dict[str, Any], list[Any]]:
    """Decode a call. Untrusted input.

    Raises:
        InvalidCallError: for anything but the form above.

    """
    head, args, *attachments = _split(body)
    value, values = _load(head, dict), _load(args, list)
    if attachments:
        try:
            values = Packet.reconstruct_binary(values, attachments)
        except (IndexError, KeyError, TypeError) as error:
            raise InvalidCallError("a placeholder without bytes") from error
    return value, values


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _load(text: bytes, kind: type) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidCallError(f"no JSON: {error}") from error
    if not isinstance(value, kind):
        raise InvalidCallError(f"{type(value).__name__} in place of {kind.__name__}")
    return value


def _split(body: bytes) -> list[bytes]:
    line, newline, _ = body[:_MAX_LINE].partition(b"\n")
    lengths = line.split(b" ")
    if not newline or len(lengths) < 2 or not all(length.isdigit() for length in lengths):  # noqa: PLR2004
        raise InvalidCallError("the first line does not have the lengths of the parts")
    if len(lengths) > MAX_ATTACHMENTS + 2:
        raise InvalidCallError(f"more than {MAX_ATTACHMENTS} values of bytes")
    parts = []
    position = len(line) + 1
    for length in map(int, lengths):
        parts.append(body[position : position + length])
        position += length
    if position != len(body):
        raise InvalidCallError(f"parts of {position} bytes in a body of {len(body)}")
    return parts
