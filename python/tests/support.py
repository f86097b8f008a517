"""What the edge does, and queues that keep what is published."""

import asyncio
import json
from importlib.metadata import version
from io import BytesIO
from typing import Any

import socketio
from socketio.async_pubsub_manager import AsyncPubSubManager

from socketio_bridge.body import BATCH_TYPE, BODY_TYPE, decode_body, encode_body

SECRET = "a-secret-of-the-tests"

SID = "s" * 20

RELEASE = tuple(int(part) for part in version("python-socketio").split(".")[:2])


class Queue(socketio.PubSubManager):
    """Keeps what is published."""

    def __init__(self, **options):
        super().__init__(channel="tests", **options)
        self.published = []
        self.heard = None

    def initialize(self):
        pass

    def _listen(self):
        while True:
            yield json.dumps(self.heard)

    def _publish(self, data):
        self.heard = data
        next(self._listen())
        keep(self.published, data)


def keep(published, data):
    """Keep what is published, but not by what the worker tries whether it hears the channel."""
    if not data.get("mark", "").startswith("subscription "):
        published.append(json.loads(json.dumps(data)))


class AsyncQueue(AsyncPubSubManager):
    """Keeps what is published."""

    def __init__(self):
        super().__init__(channel="tests")
        self.published = []
        self.heard = None

    def initialize(self):
        pass

    async def _listen(self):
        while True:
            yield json.dumps(self.heard)

    async def _publish(self, data):
        self.heard = data
        async for _ in self._listen():
            break
        keep(self.published, data)


def request_of(headers=(), **fields):
    return {
        "method": "GET",
        "path": "/socket.io/",
        "query": "EIO=4&transport=websocket",
        "scheme": "http",
        "httpVersion": "1.1",
        "headers": [["host", "chat.example:8080"], *headers],
        "remoteAddress": "192.0.2.7",
        "remotePort": 4711,
        **fields,
    }


def call_of(kind, /, **fields):
    extra = {"event": {"event": "echo"}, "disconnect": {"reason": "transport close"}}.get(kind, {})
    return {
        "id": "call-1",
        "kind": kind,
        "sid": SID,
        "namespace": "/",
        "connection": "c",
        "transport": "websocket",
        "request": request_of(),
        "rooms": [SID],
        "sessions": {},
        **extra,
        **fields,
    }


def batch_of(*calls):
    """Return the body of a batch: each call with its arguments."""
    bodies = [call if isinstance(call, bytes) else encode_body(*call) for call in calls]
    return b" ".join(b"%d" % len(body) for body in bodies) + b"\n" + b"".join(bodies)


def replies_of(answer):
    """Return the number, the status and the reply to each call of a batch, in the order of the response."""
    replies = []
    while answer:
        line, _, rest = answer.partition(b"\n")
        number, status, length = map(int, line.split())
        replies.append((number, status, reply_of(rest[:length])))
        answer = rest[length:]
    return replies


def wsgi_environ_of(
    body,
    *,
    method="POST",
    authorization=f"Bearer {SECRET}",
    length="",
    path="/socketio-bridge",
    content_type=BODY_TYPE,
):
    """Return the environment of a request to the endpoint. The length is that of the body unless it is given."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)) if length == "" else length,
        "HTTP_AUTHORIZATION": authorization,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
    }
    return {name: value for name, value in environ.items() if value is not None}


def send_wsgi(app, body, **options):
    """Return the status and the body of the response."""
    seen: dict[str, Any] = {}

    def start_response(status, headers):
        seen.update(status=int(status.split()[0]), headers=dict(headers))

    answer = b"".join(app(wsgi_environ_of(body, **options), start_response))
    assert seen["headers"]["Content-Length"] == str(len(answer))
    return seen["status"], answer


def send_asgi(app, body, **options):
    """Return the status and the body of the response."""
    return asyncio.run(exchange_asgi(app, body, **options))


async def exchange_asgi(
    app,
    body,
    *,
    method="POST",
    authorization=f"Bearer {SECRET}",
    length="",
    path="/socketio-bridge",
    content_type=BODY_TYPE,
):
    """Return the status and the body of the response. The body of the request comes in two pieces."""
    headers = {
        "content-type": content_type,
        "content-length": str(len(body)) if length == "" else length,
        "authorization": authorization,
    }
    lines = [(name.encode(), value.encode("latin1")) for name, value in headers.items() if value is not None]
    pieces = [
        {"type": "http.request", "body": body[: len(body) // 2], "more_body": True},
        {"type": "http.request", "body": body[len(body) // 2 :]},
    ]
    sent: list[Any] = []

    async def receive():
        return pieces.pop(0)

    async def send(message):
        sent.append(message)

    await app({"type": "http", "method": method, "path": path, "headers": lines}, receive, send)
    start, *parts = sent
    answer = b"".join(part.get("body", b"") for part in parts)
    assert [part.get("more_body", False) for part in parts] == [True] * (len(parts) - 1) + [False]
    sent_headers = dict(start["headers"])
    is_batch = sent_headers.get(b"content-type") == BATCH_TYPE.encode()
    assert is_batch or sent_headers[b"content-length"] == str(len(answer)).encode()
    return start["status"], answer


def post(app, value, args=None, *, send=send_wsgi, **options):
    """Return the status, and the reply with ``ack``: its arguments, or None where it acknowledges nothing."""
    status, answer = send(app, encode_body(value, args or []), **options)
    return status, reply_of(answer)


def reply_of(answer):
    head, ack = decode_body(answer)
    return {**head, "ack": ack if head.get("acknowledges") else None}


def emitted(queue):
    """Return the event, its arguments and the room of each emit that was published."""
    return [
        # Before 5.16 a single argument was no list.
        (message["event"], data if isinstance(data := message["data"], list) else [data], message["room"])
        for message in queue.published
        if message["method"] == "emit"
    ]


def methods(queue):
    return [message["method"] for message in queue.published]


def post_asgi(app, value, args=None, **options):
    return post(app, value, args, send=send_asgi, **options)


def nested(depth: int, innermost: Any = 0) -> Any:
    for _ in range(depth):
        innermost = [innermost]
    return innermost
