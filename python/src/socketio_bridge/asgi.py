"""The endpoint in an ASGI application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Callable

from .endpoint import BATCH_HEADERS, PATH, Endpoint, Response, frame, refuse, respond
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
    calls = _Calls(Endpoint(secret), AsyncWorker(server, {}))

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = scope["type"] == "http" and scope["path"] == path
        if app is not None and not is_ours:
            await app(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            response = await calls.handle(scope, receive, send) if is_ours else refuse(404, "not found")
            if response is not None:
                await _send(response, send)
        else:
            await send({"type": "websocket.close"})

    return serve


class _Calls:
    """What the edge asks for."""

    def __init__(self, endpoint: Endpoint, worker: AsyncWorker) -> None:
        self._endpoint = endpoint
        self._worker = worker

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        """Return the response; None where it has been sent, part by part."""
        endpoint = self._endpoint
        headers = {name.decode("latin1").lower(): value.decode("latin1") for name, value in scope["headers"]}
        length = headers.get("content-length", "")
        refused = endpoint.check(scope["method"], headers.get("authorization", ""), length)
        if refused is not None:
            return refused
        if scope["method"] == "GET":
            return respond(200, self._worker.describe())
        try:
            body = await _body(receive, int(length))
            calls = endpoint.receive(body, int(length), headers.get("content-type", ""))
            if calls is None:
                return await self._run(body)
        except InvalidCallError as error:
            return refuse(400, str(error))
        await self._run_all(calls, send)
        return None

    async def _run(self, body: bytes) -> Response:
        call = self._endpoint.read(body)
        return self._endpoint.answer(call, await self._worker.handle(call))

    async def _run_all(self, calls: list[bytes], send: Send) -> None:
        """Run the calls of a batch beside each other."""

        async def run(number: int, body: bytes) -> bytes:
            try:
                response = await self._run(body)
            except Exception as error:  # noqa: BLE001 - the other calls are to run all the same
                response = self._endpoint.failed(error)
            return frame(number, response)

        running = [asyncio.ensure_future(run(number, body)) for number, body in enumerate(calls)]
        await send({"type": "http.response.start", "status": 200, "headers": _encode(BATCH_HEADERS)})
        for reply in asyncio.as_completed(running):
            await send({"type": "http.response.body", "body": await reply, "more_body": True})
        await send({"type": "http.response.body"})


async def _body(receive: Receive, length: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        # A server does not compare them where the body is chunked: what is too long is not read to its end.
        if len(body) > length or not message.get("more_body", False):
            return bytes(body)


async def _send(response: Response, send: Send) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": _encode(response.headers)})
    await send({"type": "http.response.body", "body": response.body})


def _encode(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers]


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
