"""What the edge asks of a worker, and what it is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

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
    ack: Optional[list[Any]] = None
    """Arguments of the acknowledgement, if there is one."""
    marked: bool = False
    """Whether a mark with the id follows what the handler has published on the channel."""
    sessions: dict[str, Any] = field(default_factory=dict)
    revision: str = ""
    """Of the application: the edge asks anew what it handles when this changes."""
    error: Optional[str] = None
    """Class of what the handler raised. Its text stays in the log of the worker."""

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
        }


KINDS = ("connect", "event", "disconnect")


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


def _header(entry: Any) -> tuple[str, str]:
    if (
        not isinstance(entry, list)
        or len(entry) != 2  # noqa: PLR2004
        or not all(isinstance(part, str) for part in entry)
    ):
        raise InvalidCallError("a header is not a pair of strings")
    name, content = entry
    return name.lower(), content


def _request(value: dict[str, Any]) -> Request:
    port = value.get("remotePort")
    return Request(
        method=_text(value, "method"),
        path=_text(value, "path"),
        query=_text(value, "query"),
        scheme=_text(value, "scheme"),
        http_version=_text(value, "httpVersion"),
        headers=[_header(entry) for entry in _list(value, "headers")],
        remote_address=_text(value, "remoteAddress"),
        remote_port=port if isinstance(port, int) else 0,
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
        namespace=_text(value, "namespace"),
        connection=_text(value, "connection"),
        transport=_text(value, "transport"),
        request=_request(_object(value, "request")),
        rooms=_list(value, "rooms"),
        sessions=_object(value, "sessions"),
        event=_text(value, "event") if kind == "event" else "",
        args=args if kind == "event" else [],
        wants_ack=value.get("wantsAck") is True,
        auth=args[0] if kind == "connect" and args else None,
        reason=_text(value, "reason") if kind == "disconnect" else "",
    )
