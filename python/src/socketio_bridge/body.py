"""Bodies of calls and replies: a line with the length of each part, and the parts, one directly after the other.

::

    45 38 5
    {"kind":"event",...}[{"_placeholder":true,"num":0}]<5 bytes>

The first part is an object, the second a list of arguments; the others are its bytes, as in a binary packet of
Socket.IO. ``src/edge/body.ts`` is the other side.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable

from .errors import InvalidCallError

BODY_TYPE = "application/vnd.socketio-bridge"

BATCH_TYPE = "application/vnd.socketio-bridge-batch"
"""Of several calls in one request: a line with the length of each, and the calls, one directly after the other."""

MAX_ATTACHMENTS = 50_000
"""In one body. The same limit as on the channel."""

MAX_CALLS = 1_000
"""In one batch. An ASGI application runs them all at the same time."""

_MAX_LINE = 12 * MAX_ATTACHMENTS

_LINE = re.compile(rb"[0-9]{1,10}(?: [0-9]{1,10})+")

_Hook = Callable[[dict[str, Any]], Any]


def encode_body(head: dict[str, Any], args: list[Any]) -> bytes:
    """Encode a reply.

    Args:
        head: what JSON has.
        args: what JSON has, and bytes.

    Raises:
        TypeError: for anything else in them.
        ValueError: for numbers that are not finite, and for what contains itself.
        RecursionError: for what is nested too deeply.

    """
    attachments: list[bytes] = []

    def placeholder(value: Any) -> dict[str, Any]:
        if not isinstance(value, (bytes, bytearray)):
            raise TypeError(f"{type(value).__name__} is neither JSON nor bytes")
        attachments.append(bytes(value))
        return {"_placeholder": True, "num": len(attachments) - 1}

    parts = [_dump(head), _dump(args, placeholder)]
    parts += attachments
    line = " ".join(str(len(part)) for part in parts)
    return b"".join([line.encode(), b"\n", *parts])


def decode_body(body: bytes) -> tuple[dict[str, Any], list[Any]]:
    """Decode a call. Untrusted input.

    Raises:
        InvalidCallError: for anything but the form above.

    """
    head, args, *attachments = _split(body)

    def reconstruct(value: dict[str, Any]) -> Any:
        if value.get("_placeholder") is not True:
            return value
        number = value.get("num")
        if type(number) is not int or not 0 <= number < len(attachments):
            raise InvalidCallError("a placeholder without bytes")
        return attachments[number]

    # As in packets of Socket.IO: without bytes it is an object like any other.
    return _load(head, dict), _load(args, list, reconstruct if attachments else None)


def split_batch(body: bytes) -> list[bytes]:
    """Return the bodies of the calls in a batch. Untrusted input.

    Raises:
        InvalidCallError: for anything but the form above.

    """
    calls = _split(body)
    if len(calls) > MAX_CALLS:
        raise InvalidCallError(f"more than {MAX_CALLS} calls in one request")
    return calls


def _dump(value: Any, default: Callable[[Any], Any] | None = None) -> bytes:
    # NaN and Infinity, which are no JSON, would make the whole reply unreadable.
    return json.dumps(value, separators=(",", ":"), allow_nan=False, default=default).encode()


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _load(text: bytes, kind: type, hook: _Hook | None = None) -> Any:
    try:
        value = json.loads(text, object_hook=hook, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InvalidCallError(f"no JSON: {error}") from error
    if not isinstance(value, kind):
        raise InvalidCallError(f"{type(value).__name__} in place of {kind.__name__}")
    return value


def _split(body: bytes) -> list[bytes]:
    line, newline, _ = body[:_MAX_LINE].partition(b"\n")
    if not newline or not _LINE.fullmatch(line):
        raise InvalidCallError("the first line does not have the lengths of the parts")
    lengths = line.split(b" ")
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
