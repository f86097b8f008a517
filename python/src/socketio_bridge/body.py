"""Bodies of requests and responses: JSON, and bytes beside it as they are.

Bytes in a value are taken out as attachments, as in a binary packet of Socket.IO. A body without attachments is JSON. With
attachments, a line with the length of each part in decimal digits precedes the JSON and the attachments, which follow each
other without a separator::

    23 5
    {"args": [{"_placeholder": true, "num": 0}]}<5 bytes>
"""

from __future__ import annotations

import json
from typing import Any

from socketio.packet import Packet

from .errors import InvalidCallError

JSON_TYPE = "application/json"
PARTS_TYPE = "application/vnd.socketio-bridge.parts"

MAX_ATTACHMENTS = 50_000
"""In one body. The same limit as on the channel."""

_MAX_HEAD = 12 * MAX_ATTACHMENTS


def encode_body(value: dict[str, Any]) -> tuple[str, bytes]:
    """Encode a value.

    Args:
        value: what JSON has, and bytes.

    Returns:
        The content type and the body.

    Raises:
        TypeError: for anything else in it.

    """
    if not Packet.data_is_binary(value):
        return JSON_TYPE, _dump(value)
    plain, attachments = Packet.deconstruct_binary(value)
    parts = [_dump(plain), *(bytes(attachment) for attachment in attachments)]
    head = " ".join(str(len(part)) for part in parts)
    return PARTS_TYPE, b"".join([head.encode(), b"\n", *parts])


def decode_body(content_type: str, body: bytes) -> dict[str, Any]:
    """Decode what ``encode_body`` or its counterpart of the edge has written. Untrusted input.

    Raises:
        InvalidCallError: for anything else.

    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON_TYPE:
        return _load(body)
    if kind == PARTS_TYPE:
        first, *attachments = _split(body)
        try:
            value: dict[str, Any] = Packet.reconstruct_binary(_load(first), attachments)
        except (IndexError, KeyError, TypeError) as error:
            raise InvalidCallError("a placeholder without an attachment") from error
        return value
    raise InvalidCallError(f"the content type {kind[:100]!r} is neither {JSON_TYPE} nor {PARTS_TYPE}")


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _load(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidCallError(f"no JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidCallError(f"{type(value).__name__} in place of an object")
    return value


def _split(body: bytes) -> list[bytes]:
    head, newline, rest = body[:_MAX_HEAD].partition(b"\n")
    lengths = head.split(b" ")
    if not newline or not all(length.isdigit() for length in lengths):
        raise InvalidCallError("the first line does not have the lengths of the parts")
    if len(lengths) > MAX_ATTACHMENTS + 1:
        raise InvalidCallError(f"more than {MAX_ATTACHMENTS} attachments")
    parts = []
    position = len(head) + 1
    for length in map(int, lengths):
        parts.append(body[position : position + length])
        position += length
    if position != len(body):
        raise InvalidCallError(f"parts of {position} bytes in a body of {len(body)}")
    del rest
    return parts
