"""The endpoint in a WSGI application (PEP 3333)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Callable

from .endpoint import PATH, Endpoint, Response, refuse, respond
from .errors import InvalidCallError
from .worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], "Iterable[bytes]"]


def wsgi(socketio: Any, app: WsgiApp | None = None, *, path: str = PATH, secret: str | None = None) -> WsgiApp:
    """Serve the event handlers of an application to the edge, beside its HTTP routes.

    Args:
        socketio: a ``flask_socketio.SocketIO`` or ``socketio.Server`` with a message queue.
        app: receives all other requests. Default: none, and they get status 404.
        path: of the endpoint.
        secret: shared with the edge. Default: the environment variable ``SOCKETIO_BRIDGE_SECRET``.

    Raises:
        InvalidOptionError: without a message queue or a secret, and for a release of python-socketio that does not fit.

    Example::

        app.wsgi_app = socketio_bridge.wsgi(socketio, app.wsgi_app)

    """
    endpoint = Endpoint(secret)
    middleware = getattr(socketio, "sockio_mw", None)
    worker = Worker(
        getattr(socketio, "server", None) or socketio,
        {} if middleware is None else {"flask.app": middleware.flask_app},
    )

    def handle(environ: Environ) -> Response:
        method, length = environ["REQUEST_METHOD"], environ.get("CONTENT_LENGTH") or ""
        refused = endpoint.check(method, environ.get("HTTP_AUTHORIZATION", ""), length)
        if refused is not None:
            return refused
        if method == "GET":
            return respond(200, worker.describe())
        try:
            call = endpoint.read(environ["wsgi.input"].read(int(length)), int(length))
            return endpoint.answer(call, worker.handle(call))
        except InvalidCallError as error:
            return refuse(400, str(error))

    def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != path and app is not None:
            return app(environ, start_response)
        response = handle(environ) if environ.get("PATH_INFO") == path else refuse(404, "not found")
        start_response(f"{response.status} {HTTPStatus(response.status).phrase}", response.headers)
        return [response.body]

    return serve
