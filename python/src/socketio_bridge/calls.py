"""What the edge asks of a worker, and what it is answered."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .errors import InvalidCallError

VERSION = 1
"""Of the protocol between edge and worker."""


@dataclass(frozen=True)
class Request:
    """The HTTP request by which a client connected, as the edge has seen it."""

    method: str
    path: str
    query: str
    scheme: str
    http_version: str
    headers: list[tuple[str, str]]
    """Names in lower case; one entry for each line."""
    remote_address: str
    remote_port: int


@dataclass(frozen=True)
class Call:
    """One event of one client."""

    id: str
    kind: str
    """``connect``, ``event`` or ``disconnect``."""
    sid: str
    namespace: str
    connection: str
    """Name of the connection, which the namespaces of a client share."""
    transport: str
    """``polling`` or ``websocket``."""
    request: Request
    rooms: list[Any]
    sessions: dict[str, Any]
    """As the last reply had it: see ``Reply.sessions``."""
    event: str = ""
    args: list[Any] = field(default_factory=list)
    wants_ack: bool = False
    auth: Any = None
    reason: str = ""


@dataclass
class Reply:
    """What became of a call."""

    id: str
    handled: bool = True
    """False where the application has no handler for the event."""
    accepted: bool = True
    refusal: Any = None
    """Of a client that is not accepted: the data of its CONNECT_ERROR."""
    ack: list[Any] | None = None
    """Arguments of the acknowledgement, if there is one."""
    marked: bool = False
    """Whether a mark with the id follows what the handler has published on the channel."""
    sessions: dict[str, Any] = field(default_factory=dict)
    revision: str = ""
    """Of the application: the edge asks anew what it handles when this changes."""
    error: str | None = None
    """Class of what the handler raised. Its text stays in the log of the worker."""
    took: float = 0
    """Milliseconds from the call to this reply."""
    process: int = 0
    """Which worker it was, of all that one address stands for."""

    def as_dict(self) -> dict[str, Any]:
        """As it travels."""
        return {
            "id": self.id,
            "handled": self.handled,
            "accepted": self.accepted,
            "refusal": self.refusal,
            "acknowledges": self.ack is not None,
            "marked": self.marked,
            "sessions": self.sessions,
            "revision": self.revision,
            "error": self.error,
            "took": self.took,
            "process": self.process,
        }


KINDS = ("connect", "event", "disconnect")

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What a header may be called (RFC 9110, section 5.6.2)."""

_NOT_IN_REQUESTS = re.compile("[^\x01-\x09\x0b\x0c\x0e-\xff]")
"""PEP 3333: texts of an environment are latin-1. A line break would begin another header wherever one is copied."""

_MAX_PORT = 65_535


def _text(value: dict[str, Any], key: str) -> str:
    text = value.get(key)
    if not isinstance(text, str):
        raise InvalidCallError(f"{key} is {type(text).__name__}, not a string")
    return text


def _object(value: dict[str, Any], key: str) -> dict[str, Any]:
    inner = value.get(key)
    if not isinstance(inner, dict):
        raise InvalidCallError(f"{key} is {type(inner).__name__}, not an object")
    return inner


def _list(value: dict[str, Any], key: str) -> list[Any]:
    inner = value.get(key)
    if not isinstance(inner, list):
        raise InvalidCallError(f"{key} is {type(inner).__name__}, not a list")
    return inner


def _request_text(value: dict[str, Any], key: str) -> str:
    return _checked(_text(value, key), key)


def _checked(text: str, key: str) -> str:
    if _NOT_IN_REQUESTS.search(text):
        raise InvalidCallError(f"{key} has a character that no request has")
    return text


def _header(entry: Any) -> tuple[str, str]:
    if (
        not isinstance(entry, list)
        or len(entry) != 2  # noqa: PLR2004 - name and value
        or not all(isinstance(part, str) for part in entry)
    ):
        raise InvalidCallError("a header is not a pair of strings")
    name, content = entry
    if not _TOKEN.fullmatch(name):
        raise InvalidCallError(f"{name[:40]!r} is no name of a header")
    return name.lower(), _checked(content, f"the header {name[:40]}")


def _port(value: dict[str, Any], key: str) -> int:
    port = value.get(key)
    if type(port) is not int or not 0 <= port <= _MAX_PORT:
        raise InvalidCallError(f"{key} is no port")
    return port


def _namespace(value: dict[str, Any], key: str) -> str:
    namespace = _text(value, key)
    # "*" is a key in the tables of python-socketio, under which catch-all handlers are.
    if not namespace.startswith("/"):
        raise InvalidCallError(f"{key} does not begin with a slash")
    return namespace


def _rooms(value: dict[str, Any], key: str) -> list[Any]:
    rooms = _list(value, key)
    if any(isinstance(room, (list, dict)) for room in rooms):
        raise InvalidCallError(f"{key} has what cannot name a room")
    return rooms


def _flag(value: dict[str, Any], key: str) -> bool:
    flag = value.get(key, False)
    if not isinstance(flag, bool):
        raise InvalidCallError(f"{key} is {type(flag).__name__}, not true or false")
    return flag


def _request(value: dict[str, Any]) -> Request:
    return Request(
        method=_request_text(value, "method"),
        path=_request_text(value, "path"),
        query=_request_text(value, "query"),
        scheme=_request_text(value, "scheme"),
        http_version=_request_text(value, "httpVersion"),
        headers=[_header(entry) for entry in _list(value, "headers")],
        remote_address=_request_text(value, "remoteAddress"),
        remote_port=_port(value, "remotePort"),
    )


def read_call(value: dict[str, Any], args: list[Any]) -> Call:
    """Read one call. Untrusted input.

    Args:
        value: its first part.
        args: of an event; of a connect, its ``auth`` if there is one.

    Raises:
        InvalidCallError: names the field that is wrong.

    """
    kind = _text(value, "kind")
    if kind not in KINDS:
        raise InvalidCallError(f"the kind {kind[:40]!r} is none of {', '.join(KINDS)}")
    return Call(
        id=_text(value, "id"),
        kind=kind,
        sid=_text(value, "sid"),
        namespace=_namespace(value, "namespace"),
        connection=_text(value, "connection"),
        transport=_text(value, "transport"),
        request=_request(_object(value, "request")),
        rooms=_rooms(value, "rooms"),
        sessions=_object(value, "sessions"),
        event=_text(value, "event") if kind == "event" else "",
        args=args if kind == "event" else [],
        wants_ack=_flag(value, "wantsAck"),
        auth=args[0] if kind == "connect" and args else None,
        reason=_text(value, "reason") if kind == "disconnect" else "",
    )
