"""The endpoint of the edge in a WSGI application."""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING, Any, Callable

from .body import BODY_TYPE, decode_body, encode_body
from .calls import read_call
from .errors import InvalidCallError, InvalidOptionError
from .worker import Worker, logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PATH = "/socketio-bridge"

MAX_BODY = 16 * 1024 * 1024
"""Bytes of a call, as ``maxMessageSize`` of the edge."""

_MIN_SECRET = 16

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], "Iterable[bytes]"]


def secrets_of(value: str | None) -> Sequence[bytes]:
    """Read the shared secrets, separated by white space: several while one replaces another.

    Raises:
        InvalidOptionError: without one, or for one that can be guessed.

    """
    secrets = (value or "").split()
    if not secrets:
        raise InvalidOptionError("SOCKETIO_BRIDGE_SECRET is not set: give the edge and its workers the same one")
    if any(len(secret) < _MIN_SECRET for secret in secrets):
        raise InvalidOptionError(f"a secret in SOCKETIO_BRIDGE_SECRET is shorter than {_MIN_SECRET} characters")
    return [secret.encode() for secret in secrets]


def wsgi(socketio: Any, app: WsgiApp | None = None, *, path: str = PATH, secret: str | None = None) -> WsgiApp:
    """Serve the event handlers of an application to the edge, beside its HTTP routes.

    Args:
        socketio: a ``flask_socketio.SocketIO`` or ``socketio.Server`` with a message queue.
        app: gets all other requests. Default: they get status 404.
        path: of the endpoint.
        secret: default: the environment variable ``SOCKETIO_BRIDGE_SECRET``.

    Raises:
        InvalidOptionError: without a message queue or a secret.

    """
    server = getattr(socketio, "server", None) or socketio
    middleware = getattr(socketio, "sockio_mw", None)
    environ = {} if middleware is None else {"flask.app": middleware.flask_app}
    secrets = secrets_of(os.environ.get("SOCKETIO_BRIDGE_SECRET") if secret is None else secret)
    endpoint = _Endpoint(Worker(server, environ), secrets)

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == path:
            return endpoint(environ, start_response)
        if app is None:
            return _respond(start_response, "404 Not Found", {"error": "not found"})
        return app(environ, start_response)

    return serve


def _respond(
    start_response: Callable[..., Any], status: str, value: dict[str, Any], args: list[Any] | None = None
) -> Iterable[bytes]:
    body = encode_body(value, args or [])
    start_response(status, [("Content-Type", BODY_TYPE), ("Content-Length", str(len(body)))])
    return [body]


class _Endpoint:
    def __init__(self, worker: Worker, secrets: Sequence[bytes]) -> None:
        self._worker = worker
        self._secrets = secrets

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def respond(status: str, value: dict[str, Any], args: list[Any] | None = None) -> Iterable[bytes]:
            return _respond(start_response, status, value, args)

        if not self._knows(environ.get("HTTP_AUTHORIZATION", "")):
            return respond("401 Unauthorized", {"error": "the secret is missing or wrong"})
        if environ.get("REQUEST_METHOD") == "GET":
            return respond("200 OK", self._worker.describe())
        if environ.get("REQUEST_METHOD") != "POST":
            return respond("405 Method Not Allowed", {"error": "the method is neither GET nor POST"})
        length = environ.get("CONTENT_LENGTH") or ""
        if not length.isdigit():
            return respond("411 Length Required", {"error": "the length is missing"})
        if int(length) > MAX_BODY:
            return respond("413 Content Too Large", {"error": f"{length} bytes; the limit is {MAX_BODY}"})
        try:
            call = read_call(*decode_body(environ["wsgi.input"].read(int(length))))
        except InvalidCallError as error:
            return respond("400 Bad Request", {"error": str(error)})
        reply = self._worker.handle(call)
        try:
            return respond("200 OK", reply.as_dict(), reply.ack)
        except TypeError as error:
            logger.error("the acknowledgement or the session of %s cannot travel: %s", call.event or call.kind, error)  # noqa: TRY400
            reply.ack, reply.sessions, reply.error = None, call.sessions, type(error).__name__
            return respond("200 OK", reply.as_dict())

    def _knows(self, authorization: str) -> bool:
        kind, _, given = authorization.partition(" ")
        # All are compared, so that the time tells nothing.
        matches = [hmac.compare_digest(given.strip().encode(), secret) for secret in self._secrets]
        return kind.lower() == "bearer" and any(matches)


__all__ = ["MAX_BODY", "PATH", "wsgi"]
