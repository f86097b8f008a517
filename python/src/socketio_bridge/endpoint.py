"""The endpoint that the edge calls: who may, and what an answer looks like, whatever the server."""

from __future__ import annotations

import hmac
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .body import BATCH_TYPE, BODY_TYPE, decode_body, encode_body, split_batch
from .calls import Call, Reply, read_call
from .errors import InvalidCallError, InvalidOptionError
from .worker import logger

if TYPE_CHECKING:
    from collections.abc import Sequence

PATH = "/socketio-bridge"

SECRET_VARIABLE = "SOCKETIO_BRIDGE_SECRET"  # noqa: S105 - its name, not its value

MAX_BODY = 16 * 1024 * 1024
"""Bytes of a call, as ``maxMessageSize`` of the edge."""

_MIN_SECRET = 16

_MAX_DIGITS = 10
"""Of a length. Python itself refuses to read numbers of thousands of digits."""

_CANNOT_TRAVEL = (TypeError, ValueError, RecursionError)
"""What ``encode_body`` raises."""


@dataclass(frozen=True)
class Response:
    """A response of HTTP."""

    status: int
    body: bytes

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Those of every response."""
        return [("Content-Type", BODY_TYPE), ("Content-Length", str(len(self.body)))]


BATCH_HEADERS = [("Content-Type", BATCH_TYPE), ("X-Accel-Buffering", "no")]
"""Of the response to a batch. Each reply is to arrive before the next call begins: nginx would hold them back."""

PEER_PORT = "Socketio-Bridge-Peer-Port"
"""Header of the response to a batch whose calls run one after the other: the port from which it was received.

By it the edge knows that nobody stands between them. Only then does the end of a connection say that a worker has
ended, and that the calls behind the one without a reply have not run.
"""


def frame(number: int, response: Response) -> bytes:
    """Return the reply to one call of a batch, as it is in the response to the whole.

    Args:
        number: of the call, from 0.
        response: that the call alone would have.

    """
    return b"%d %d %d\n%b" % (number, response.status, len(response.body), response.body)


def respond(status: int, head: dict[str, Any], args: list[Any] | None = None) -> Response:
    """Make a response."""
    return Response(status, encode_body(head, args or []))


def refuse(status: int, why: str) -> Response:
    """Make a response that says why there is no other."""
    return respond(status, {"error": why})


def _secrets_of(value: str) -> Sequence[bytes]:
    secrets = value.split()
    if not secrets:
        raise InvalidOptionError(f"{SECRET_VARIABLE} is not set: give the edge and its workers the same one")
    if any(len(secret) < _MIN_SECRET for secret in secrets):
        raise InvalidOptionError(f"a secret in {SECRET_VARIABLE} is shorter than {_MIN_SECRET} characters")
    if not value.isascii():
        raise InvalidOptionError(
            f"a secret in {SECRET_VARIABLE} has characters beyond ASCII, which headers do not carry"
        )
    return [secret.encode() for secret in secrets]


class Endpoint:
    """Checks requests before a worker sees them, and makes responses of its replies."""

    def __init__(self, secret: str | None) -> None:
        """Read the secrets, separated by white space: several while one replaces another.

        Args:
            secret: default: the environment variable ``SOCKETIO_BRIDGE_SECRET``.

        Raises:
            InvalidOptionError: without one, or for one that can be guessed.

        """
        self._secrets = _secrets_of(os.environ.get(SECRET_VARIABLE, "") if secret is None else secret)

    def check(self, method: str, authorization: str, length: str) -> Response | None:
        """Return why a request is refused before its body is read, if it is."""
        if not self._knows(authorization):
            return refuse(401, "the secret is missing or wrong")
        if method not in ("GET", "POST"):
            return refuse(405, "the method is neither GET nor POST")
        if method == "POST" and not (length.isascii() and length.isdigit()):
            return refuse(411, "the length is missing")
        if method == "POST" and (len(length) > _MAX_DIGITS or int(length) > MAX_BODY):
            return refuse(413, f"the limit is {MAX_BODY} bytes")
        return None

    @staticmethod
    def receive(body: bytes, length: int, content_type: str) -> list[bytes] | None:
        """Return the calls of a batch; None for a body that is one call.

        Args:
            body: as it was received.
            length: as it was announced.
            content_type: of the request.

        Raises:
            InvalidCallError: for a body that is neither.

        """
        if len(body) != length:
            raise InvalidCallError(f"{len(body)} bytes in place of {length}")
        return split_batch(body) if content_type == BATCH_TYPE else None

    @staticmethod
    def read(body: bytes) -> Call:
        """Return the call in a body.

        Raises:
            InvalidCallError: says why there is none.

        """
        return read_call(*decode_body(body))

    @staticmethod
    def failed(error: Exception) -> Response:
        """Return the response to a call of a batch that could not be read, or failed as no handler can."""
        if isinstance(error, InvalidCallError):
            return refuse(400, str(error))
        logger.error("a call of a batch failed", exc_info=error)
        return refuse(500, type(error).__name__)

    @staticmethod
    def answer(call: Call, reply: Reply) -> Response:
        """Return the response for a reply. What cannot travel in it is logged, and left out."""
        try:
            return respond(200, reply.as_dict(), reply.ack)
        except _CANNOT_TRAVEL as error:
            logger.error("the answer of %s in %s cannot travel: %s", call.event or call.kind, call.namespace, error)
            reply = replace(reply, ack=None, refusal=None, error=type(error).__name__)
        for sessions in (reply.sessions, call.sessions):
            with suppress(*_CANNOT_TRAVEL):
                return respond(200, replace(reply, sessions=sessions).as_dict())
        return respond(200, replace(reply, sessions={}).as_dict())

    def _knows(self, authorization: str) -> bool:
        kind, _, given = authorization.partition(" ")
        # All are compared, so that the time tells nothing.
        matches = [hmac.compare_digest(given.strip().encode(), secret) for secret in self._secrets]
        return kind.lower() == "bearer" and any(matches)
