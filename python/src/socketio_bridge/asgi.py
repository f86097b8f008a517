"""The endpoint in an ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from .endpoint import PATH, Endpoint, Response, refuse, respond
from .errors import InvalidCallError
from .worker import AsyncWorker

if TYPE_CHECKING:
    from collections.abc import Awaitable

Scope = dict[str, Any]
Receive = Callable[[], "Awaitable[dict[str, Any]]"]
Send = Callable[[dict[str, Any]], "Awaitable[None]"]
AsgiApp = Callable[[Scope, Receive, Send], "Awaitable[None]"]


def asgi(server: Any, app: AsgiApp | None = None, *, path: str = PATH, secret: str | None = None) -> AsgiApp:
    """Serve the event handlers of an application to the edge, beside its HTTP routes.

    Args:
        server: a ``socketio.AsyncServer`` with a message queue.
        app: gets everything else. Default: requests get status 404.
        path: of the endpoint.
        secret: shared with the edge. Default: the environment variable ``SOCKETIO_BRIDGE_SECRET``.

    Raises:
        InvalidOptionError: without a message queue or a secret, and for a release of python-socketio that does not fit.

    """
    endpoint = Endpoint(secret)
    worker = AsyncWorker(server, {})

    async def handle(scope: Scope, receive: Receive) -> Response:
        headers = {name.decode("latin1").lower(): value.decode("latin1") for name, value in scope["headers"]}
        length = headers.get("content-length", "")
        refused = endpoint.check(scope["method"], headers.get("authorization", ""), length)
        if refused is not None:
            return refused
        if scope["method"] == "GET":
            return respond(200, worker.describe())
        try:
            call = endpoint.read(await _body(receive, int(length)), int(length))
            return endpoint.answer(call, await worker.handle(call))
        except InvalidCallError as error:
            return refuse(400, str(error))

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = scope["type"] == "http" and scope["path"] == path
        if app is not None and not is_ours:
            await app(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await _send(await handle(scope, receive) if is_ours else refuse(404, "not found"), send)
        else:
            await send({"type": "websocket.close"})

    return serve


async def _body(receive: Receive, length: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        # A server does not compare them where the body is chunked: what is too long is not read to its end.
        if len(body) > length or not message.get("more_body", False):
            return bytes(body)


async def _send(response: Response, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in response.headers]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
