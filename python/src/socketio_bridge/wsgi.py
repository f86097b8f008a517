"""The endpoint in a WSGI application (PEP 3333)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Callable

from .endpoint import BATCH_HEADERS, PATH, PEER_PORT, Endpoint, Response, frame, refuse, respond
from .errors import InvalidCallError
from .worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    middleware = getattr(socketio, "sockio_mw", None)
    worker = Worker(
        getattr(socketio, "server", None) or socketio,
        {} if middleware is None else {"flask.app": middleware.flask_app},
    )
    calls = _Calls(Endpoint(secret), worker)

    def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != path and app is not None:
            return app(environ, start_response)
        response = calls.handle(environ) if environ.get("PATH_INFO") == path else refuse(404, "not found")
        if not isinstance(response, Response):
            start_response("200 OK", [*BATCH_HEADERS, (PEER_PORT, str(environ.get("REMOTE_PORT", "")))])
            return response
        start_response(f"{response.status} {HTTPStatus(response.status).phrase}", response.headers)
        return [response.body]

    return serve


class _Calls:
    """What the edge asks for."""

    def __init__(self, endpoint: Endpoint, worker: Worker) -> None:
        self._endpoint = endpoint
        self._worker = worker

    def handle(self, environ: Environ) -> Response | Iterator[bytes]:
        """Return the response, or the parts of one, each as soon as it is there."""
        endpoint = self._endpoint
        method, length = environ["REQUEST_METHOD"], environ.get("CONTENT_LENGTH") or ""
        refused = endpoint.check(method, environ.get("HTTP_AUTHORIZATION", ""), length)
        if refused is not None:
            return refused
        if method == "GET":
            return respond(200, self._worker.describe())
        try:
            body = environ["wsgi.input"].read(int(length))
            calls = endpoint.receive(body, int(length), environ.get("CONTENT_TYPE", ""))
            return self._run(body) if calls is None else self._run_each(calls)
        except InvalidCallError as error:
            return refuse(400, str(error))

    def _run(self, body: bytes) -> Response:
        call = self._endpoint.read(body)
        return self._endpoint.answer(call, self._worker.handle(call))

    def _run_each(self, calls: list[bytes]) -> Iterator[bytes]:
        # Has gunicorn send the headers before the first call begins.
        yield b""
        for number, body in enumerate(calls):
            try:
                response = self._run(body)
            except Exception as error:  # noqa: BLE001 - the other calls are to run all the same
                response = self._endpoint.failed(error)
            yield frame(number, response)
